"""fastapi-fleet: the operator for FastAPIService resources."""
