"""What is asked of a new image before it is rolled out: a script that runs inside it, and the shape of its answer."""
