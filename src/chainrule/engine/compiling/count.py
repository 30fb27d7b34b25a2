"""A public count of compilations: how often each program of the engine was traced anew.

A program's Python code runs only when JAX traces it, so a line in it that counts, counts exactly
the programs that had to be compiled (or fetched from the cache on disk).
"""

from collections import Counter

_COUNTS: Counter[str] = Counter()


def count_compilation(program: str) -> None:
    """Count one; called from inside the code that is traced."""
    _COUNTS[program] += 1


def compilations() -> dict[str, int]:
    """Return the number of compilations so far in this process, by program."""
    return dict(_COUNTS)
