"""The accounts that are connected here: their connections, what arrives, what is missing, their handing over."""
