"""What runs on this machine: embedded PostgreSQL and Valkey, made-once keys, `manage.py up`'s processes."""
