"""Measures the users service beside the smallest application that does the same, and the usual one."""
