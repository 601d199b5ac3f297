"""The live pages: one socket per page, what it asks and what it is told."""
