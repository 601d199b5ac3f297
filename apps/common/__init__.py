"""What every app needs: the admin kit, the base command, encrypted fields, wake-ups, what is kept."""
