"""Who owns which session: leases, the heartbeat that keeps them, and how sessions are dealt out to gateways."""
