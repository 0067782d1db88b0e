"""What people are told of live resources: pure, from objects of a cluster to plain data."""
