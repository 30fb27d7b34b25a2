"""Random keys, made and split on the host so that drawing initial weights compiles nothing.

A key is an ordinary JAX key.  `generator(key)` is the NumPy generator that this key determines:
the same key always draws the same numbers.
"""

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from chainrule.engine.pytree import on_device


def make_key(seed: int | np.random.SeedSequence) -> PRNGKeyArray:
    """Return the key of `seed`, without compiling anything."""
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    words = on_device(sequence.generate_state(2), np.uint32)
    return jax.random.wrap_key_data(words, impl="threefry2x32")


def split_key(key: PRNGKeyArray, n: int) -> list[PRNGKeyArray]:
    """Return `n` independent keys that `key` determines."""
    return [make_key(child) for child in _sequence(key).spawn(n)]


def generator(key: PRNGKeyArray) -> np.random.Generator:
    """Return the NumPy generator that `key` determines."""
    return np.random.default_rng(_sequence(key))


def _sequence(key: PRNGKeyArray) -> np.random.SeedSequence:
    return np.random.SeedSequence([int(word) for word in np.asarray(jax.random.key_data(key))])
