"""The demo: accounts of the sandbox, signed in through the ordinary sign-in."""
