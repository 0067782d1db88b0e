"""Pure status: what a pass found in, conditions out. No client, no clock, no randomness; one file a condition."""
