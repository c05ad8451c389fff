"""Measures the shipped server end to end against the limit of the same machine, in one run."""
