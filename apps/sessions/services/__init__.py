"""What may be done with sessions: transactional services, one module per subject."""
