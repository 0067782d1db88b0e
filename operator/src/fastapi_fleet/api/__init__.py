"""The API fastapi-fleet.io/v1alpha1 as pydantic models: the CRDs, the reference and every check come from them."""
