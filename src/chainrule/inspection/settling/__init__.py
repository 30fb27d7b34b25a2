"""Why the units of a network settle or do not."""
