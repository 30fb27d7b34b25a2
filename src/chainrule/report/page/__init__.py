"""The report on one page: what it is about, its parts, and how they become HTML."""
