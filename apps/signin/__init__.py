"""Signing accounts in: by QR code, by phone number, by another program's session."""
