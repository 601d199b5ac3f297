"""System checks of the configuration: each stops the start and names the variable."""
