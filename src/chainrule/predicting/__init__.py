"""What fitting returns, and predictions of it by NumPy alone."""
