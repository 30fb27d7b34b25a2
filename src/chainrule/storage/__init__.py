"""A fitted model to a file and back: plain data, no code."""
