"""Reads for the live pages: each in a number of queries that does not grow with the rows."""
