"""Staff: users and groups, their sign-in, their second factor."""
