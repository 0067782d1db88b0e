"""Calls to another service: a deadline, repeats under a budget, a circuit breaker, a limit on calls at once."""
