"""What can be told of resources in files, without a cluster: whether they are valid, and what they become."""
