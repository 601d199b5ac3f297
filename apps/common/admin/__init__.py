"""The parts that all admin pages are made of."""
