"""The shell around the passes: kopf's watches and the HTTP endpoints. No decision is made here."""
