"""Every number of one pass forward and back, with its name and formula."""
