"""The framework-free heart: types, error codes, backoff, clock, encryption. No Django, no Telethon, no I/O."""
