"""The command line `fleet`: each command is one file, over code that knows nothing of it."""
