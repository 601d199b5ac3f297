"""What changes staff's logins, second factors and lock-outs; each is one transaction and is told to the audit."""
