"""Gradients beside finite differences, and what is said of them."""
