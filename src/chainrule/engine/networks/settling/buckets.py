"""Samples that are done stop costing: the live ones are gathered into ever smaller batches.

    sweep all B → few are live → gather the live B/4 → sweep those → … → scatter them back

Each size is compiled once, so a batch has few sizes only: B, B/4, B/16.  A sample that is done is
frozen: no later sweep changes it.  Work that costs more for each sample, and is needed by few, goes
through the live ones in groups of one size (`in_groups`).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

SHRINK, MOST_SHRINKINGS = 4, 2
SMALLEST = 4

Sweep = Callable[[Any, Any], Any]  # (context, state) -> state
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
        return sweep(context, state), number + 1

    state, number = jax.lax.while_loop(goes_on, once, (state, first))
    if not shrinks:
        return state, number
    places = _places(live(state), few)
    few_context, few_state = _take((context, state), places)
    part, number = sweep_until_done(
        sweep, live, few_context, few_state, number, last, shrinkings=shrinkings - 1
    )
    return _put(state, part, places), number


def in_groups(
    settle: Callable[[Any, Any], Any], live: Live, context: Any, state: Any, *, group: int
) -> Any:
    """Let `settle(context, state)` go on with the live samples, `group` of them at a time.

    What it needs for its work it makes for one group only, so memory stays that of a group.
    """
    size = jax.tree.leaves(state)[0].shape[0]
    if group >= size:
        return settle(context, state)

    def waiting(carry: tuple[Any, Array]) -> Array:
        state, tried = carry
        return live(state) & ~tried

    def one_group(carry: tuple[Any, Array]) -> tuple[Any, Array]:
        state, tried = carry
        places = _places(waiting(carry), group)
        part = settle(*_take((context, state), places))
        return _put(state, part, places), tried.at[places].set(True, mode="drop")

    tried = jnp.zeros(size, bool)
    return jax.lax.while_loop(lambda c: jnp.any(waiting(c)), one_group, (state, tried))[0]


def _take(tree: Any, places: Array) -> Any:
    return jax.tree.map(lambda a: a.at[places].get(mode="clip"), tree)


def _put(tree: Any, part: Any, places: Array) -> Any:
    return jax.tree.map(lambda a, b: a.at[places].set(b, mode="drop"), tree, part)


def _places(alive: Array, n: int) -> Array:
    """Return the places of at most `n` live samples; places left over point past the end."""
    size = alive.shape[0]
    order = jnp.argsort(~alive, stable=True)[:n].astype(jnp.int32)
    return jnp.where(alive.at[order].get(mode="promise_in_bounds"), order, size)
