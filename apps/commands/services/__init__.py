"""Services of the commands app."""
