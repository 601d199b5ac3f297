"""The live pages: one socket per page, its requests and the events that it receives."""
