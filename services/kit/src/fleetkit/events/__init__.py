"""Events: out through a transactional outbox, in through an inbox; at least once on the wire, once in effect."""
