"""Two kinds of dataclass that JAX can look inside.

`@pytree`            parameters, gradients, tapes: every field is an array or holds arrays.
`@hyperparameters`   layers, objectives, optimizers: a field shapes the program, unless it is
                     marked `number()` or `part()`.

What shapes the program (widths, kinds, names) belongs to the tree's structure: hashable, static
under `jit`.  What is only a number (rates, penalties, drop probabilities, tolerances) is a leaf:
it reaches the compiled program as a run-time value, so another rate compiles nothing.
"""

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from chainrule.errors import OptionError

T = TypeVar("T")
Number = float | jax.Array  # a hyperparameter outside and inside a compiled program


def number(*, default: Any = MISSING) -> Any:
    """Declare a hyperparameter that is only a number: a run-time value of the compiled program."""
    return field(default=default, metadata={"leaf": True, "number": True})


def part(*, default: Any = MISSING) -> Any:
    """Declare a hyperparameter that has hyperparameters itself, or holds arrays."""
    return field(default=default, metadata={"leaf": True})


@dataclass_transform(frozen_default=True)
def pytree(cls: type[T]) -> type[T]:
    """Make `cls` a frozen dataclass whose every field is a pytree child.

    Rebuilding skips `__init__`: inside `scan`, `vmap` or `tree.map` a leaf may be
    stacked, or be no array at all, and shape annotations must not fire there.
    """
    cls = dataclass(frozen=True)(cls)
    names = tuple(f.name for f in fields(cls))  # pyright: ignore[reportArgumentType]
    _register(cls, leaves=names, static=())
    return cls


@dataclass_transform(frozen_default=True, field_specifiers=(number, part))
def hyperparameters(cls: type[T]) -> type[T]:
    """Make `cls` a frozen dataclass; fields made by `number()` and `part()` are pytree children.

    Whole numbers given for a `number(0.5)` become floats: 1 and 1.0 are one program.
    """
    own_post_init = getattr(cls, "__post_init__", None)

    def __post_init__(self: Any) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if f.metadata.get("number") and isinstance(value, int | np.number):
                kind = int if isinstance(f.default, int) else float
                object.__setattr__(self, f.name, kind(value))
        if own_post_init is not None:
            own_post_init(self)

    cls.__post_init__ = __post_init__  # pyright: ignore[reportAttributeAccessIssue]
    cls = dataclass(frozen=True)(cls)
    declared = fields(cls)  # pyright: ignore[reportArgumentType]
    _register(
        cls,
        leaves=tuple(f.name for f in declared if f.metadata.get("leaf")),
        static=tuple(f.name for f in declared if not f.metadata.get("leaf")),
    )
    return cls


def _register(cls: type, leaves: tuple[str, ...], static: tuple[str, ...]) -> None:
    keys = tuple(jax.tree_util.GetAttrKey(name) for name in leaves)

    def flatten_with_keys(tree: Any):
        children = [(key, getattr(tree, key.name)) for key in keys]
        return children, tuple(getattr(tree, name) for name in static)

    def flatten(tree: Any):
        children = [getattr(tree, name) for name in leaves]
        return children, tuple(getattr(tree, name) for name in static)

    def unflatten(aux: tuple[Any, ...], children: Any) -> Any:
        tree = object.__new__(cls)
        for name, value in zip(static, aux, strict=True):
            object.__setattr__(tree, name, value)
        for name, child in zip(leaves, children, strict=True):
            object.__setattr__(tree, name, child)
        return tree

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)


def check_leaves(value: Any) -> None:
    """Refuse a layer, objective or optimizer that JAX, later, would in words of its own."""
    for leaf in jax.tree.leaves(value):
        if not isinstance(leaf, ArrayLike):
            raise OptionError(
                f"JAX cannot look into {type(leaf).__name__}. Write "
                "@chainrule.engine.hyperparameters above the class, and what it holds as fields, "
                "such as rate: float = number(default=0.1)."
            )


def on_device(values: Any, dtype: Any = None) -> Array:
    """Return an array of `values`; unlike `jnp.asarray`, this compiles nothing for a new shape."""
    return jax.device_put(np.asarray(values, dtype))


def zeros_like(tree: Any) -> Any:
    """Return a tree of zeros of the same shapes and types, made on the host: nothing compiles."""
    return jax.tree.map(lambda leaf: on_device(np.zeros(leaf.shape, leaf.dtype)), tree)


def count_numbers(tree: Any) -> int:
    """Return how many numbers a tree holds."""
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def as_vector(tree: Any) -> Array:
    """Return all numbers of a tree as one vector; an empty one if there are none."""
    leaves = [leaf.ravel() for leaf in jax.tree.leaves(tree)]
    return jnp.concatenate(leaves) if leaves else jnp.zeros(0)


def map_weights(f: Any, params: Any, otherwise: Any = lambda leaf: leaf) -> Any:
    """Apply `f` to the arrays named `weights` in `params`, and `otherwise` to all others."""
    return jax.tree_util.tree_map_with_path(
        lambda path, leaf: f(leaf) if name_of(path) == "weights" else otherwise(leaf), params
    )


def weights_of(params: Any) -> list[Any]:
    """Return the arrays named `weights` in `params`, in order."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return [leaf for path, leaf in leaves if name_of(path) == "weights"]


def name_of(path: tuple[Any, ...]) -> str | None:
    """Return the name of the array at a path of a tree, such as "weights"."""
    last = path[-1] if path else None
    return getattr(last, "name", getattr(last, "key", None))
