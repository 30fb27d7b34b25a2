"""A drawing of a network with its weights."""
