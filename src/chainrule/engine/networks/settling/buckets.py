"""Samples that are done stop costing: the live ones are gathered into ever smaller batches.

    sweep all B → half are done → gather the live B/2 → sweep those → … → scatter them back

Each size is compiled once, so a batch has few sizes only: B, B/2, B/4, … down to `SMALLEST`.
A sample that is done within its batch is frozen: no later sweep changes it.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

SHRINK = 4
SMALLEST, MOST_HALVINGS = 4, 2

Sweep = Callable[[Any, Any, Array], Any]  # (context, state, sweep number) -> state
Live = Callable[[Any], Array]  # state -> (batch,), which samples go on


def sweep_until_done(
    sweep: Sweep,
    live: Live,
    context: Any,
    state: Any,
    first: Int[Array, ""],
    last: Int[Array, ""],
    *,
    halvings: int = MOST_HALVINGS,
) -> tuple[Any, Int[Array, ""]]:
    """Sweep until no sample is live or sweep number `last` is reached.

    Every array of `context` and `state` has a leading axis of samples; `sweep` treats each sample
    by itself, and leaves one that is not live as it is.  Returns the state and the next number.
    """
    size = jax.tree.leaves(state)[0].shape[0]
    half = -(-size // SHRINK)
    halves = halvings > 0 and half >= SMALLEST

    def goes_on(carry: tuple[Any, Array]) -> Array:
        state, number = carry
        alive = live(state)
        enough = jnp.sum(alive) > half if halves else jnp.any(alive)
        return enough & (number < last)

    def once(carry: tuple[Any, Array]) -> tuple[Any, Array]:
        state, number = carry
        return sweep(context, state, number), number + 1

    state, number = jax.lax.while_loop(goes_on, once, (state, first))
    if not halves:
        return state, number
    places = _places(live(state), half)
    part = jax.tree.map(lambda a: a.at[places].get(mode="clip"), (context, state))
    part, number = sweep_until_done(sweep, live, *part, number, last, halvings=halvings - 1)
    whole = jax.tree.map(lambda a, b: a.at[places].set(b, mode="drop"), state, part)
    return whole, number


def _places(alive: Array, n: int) -> Array:
    """Return the places of at most `n` live samples; places left over point past the end."""
    size = alive.shape[0]
    slots = jnp.where(alive, jnp.cumsum(alive) - 1, n)
    everyone = jnp.arange(size, dtype=jnp.int32)
    return jnp.full(n, size, jnp.int32).at[slots].set(everyone, mode="drop")
