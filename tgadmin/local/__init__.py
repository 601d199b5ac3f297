"""What runs on this machine: embedded PostgreSQL and Valkey, made-once keys, the processes of `manage.py up`. No Django."""
