"""What applying resources would change in a cluster, found out without writing to it."""
