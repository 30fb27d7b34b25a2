"""Samples that are done stop costing: the live ones are gathered into ever smaller batches.

    sweep all B → few are live → gather the live B/4 → sweep those → … → scatter them back

Each size is compiled once, so a batch has few sizes only: B, B/4, B/16.  A sample that is done within
its batch is frozen: no later sweep changes it.  What costs more for each sample and is needed by few,
like Anderson's method, goes through the live ones in groups of one size (`in_groups`).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

SHRINK, MOST_SHRINKINGS = 4, 2
SMALLEST = 4

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
    shrinkings: int = MOST_SHRINKINGS,
) -> tuple[Any, Int[Array, ""]]:
    """Sweep until no sample is live or sweep number `last` is reached.

    Every array of `context` and `state` has a leading axis of samples; `sweep` treats each sample
    by itself, and leaves one that is not live as it is.  Returns the state and the next number.
    """
    size = jax.tree.leaves(state)[0].shape[0]
    few = -(-size // SHRINK)
    shrinks = shrinkings > 0 and few >= SMALLEST

    def goes_on(carry: tuple[Any, Array]) -> Array:
        state, number = carry
        alive = live(state)
        enough = jnp.sum(alive) > few if shrinks else jnp.any(alive)
        return enough & (number < last)

    def once(carry: tuple[Any, Array]) -> tuple[Any, Array]:
        state, number = carry
        return sweep(context, state, number), number + 1

    state, number = jax.lax.while_loop(goes_on, once, (state, first))
    if not shrinks:
        return state, number
    places = _places(live(state), few)
    part = jax.tree.map(lambda a: a.at[places].get(mode="clip"), (context, state))
    part, number = sweep_until_done(sweep, live, *part, number, last, shrinkings=shrinkings - 1)
    whole = jax.tree.map(lambda a, b: a.at[places].set(b, mode="drop"), state, part)
    return whole, number


def in_groups(
    sweep: Sweep,
    live: Live,
    context: Any,
    state: Any,
    first: Int[Array, ""],
    last: Int[Array, ""],
    *,
    group: int,
) -> Any:
    """Sweep the live samples in groups of `group`, each from number `first` until it is done."""
    size = jax.tree.leaves(state)[0].shape[0]
    if group >= size:
        return sweep_until_done(sweep, live, context, state, first, last, shrinkings=0)[0]

    def waiting(carry: tuple[Any, Array]) -> Array:
        state, tried = carry
        return live(state) & ~tried

    def one_group(carry: tuple[Any, Array]) -> tuple[Any, Array]:
        state, tried = carry
        places = _places(waiting(carry), group)
        part = jax.tree.map(lambda a: a.at[places].get(mode="clip"), (context, state))
        part, _ = sweep_until_done(sweep, live, *part, first, last, shrinkings=0)
        state = jax.tree.map(lambda a, b: a.at[places].set(b, mode="drop"), state, part)
        return state, tried.at[places].set(True, mode="drop")

    tried = jnp.zeros(size, bool)
    return jax.lax.while_loop(lambda c: jnp.any(waiting(c)), one_group, (state, tried))[0]


def _places(alive: Array, n: int) -> Array:
    """Return the places of at most `n` live samples; places left over point past the end."""
    size = alive.shape[0]
    slots = jnp.where(alive, jnp.cumsum(alive) - 1, n)
    everyone = jnp.arange(size, dtype=jnp.int32)
    return jnp.full(n, size, jnp.int32).at[slots].set(everyone, mode="drop")
