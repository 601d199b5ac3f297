"""The framework-free heart: types, error codes, backoff, clock, encryption, redaction. No Django, no Telethon, no I/O."""
