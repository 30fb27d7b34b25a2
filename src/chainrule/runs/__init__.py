"""The run folder: what a fit at the shell leaves behind, and its manifest."""
