"""Measurements of the product, each against what one would write instead; never part of the tests."""
