"""Pure renderers, one file a child kind: spec and inputs in, manifests out. No client, no clock, no randomness."""
