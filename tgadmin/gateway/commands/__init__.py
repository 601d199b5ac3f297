"""The command bus: what is due is claimed, carried out and settled; a refusal is decided on as data."""
