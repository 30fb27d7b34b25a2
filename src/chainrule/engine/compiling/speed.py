"""How long to compile: for a step of few multiplications, quick code is as fast as good code.

    quick     float32, few multiplications    half the time to compile, and steps as fast
    double    float64                         exp and tanh of many numbers at once, plain products
    good      all others                      as XLA has it: large kernels are up to a third faster

XLA's newer code generator, and its higher levels of optimisation, take twice as long to compile.
Without them float64 functions are computed one number at a time, and for float64 products as small
as those of most tables the library that XLA prefers is slower than its plain kernels.  What is
chosen depends on the network, the batch size and the number type alone, never on the data.
"""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import jax
import numpy as np

from chainrule.engine.pytree import count_numbers

OPTIONS: dict[str, dict[str, Any]] = {
    "quick": {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1},
    "double": {"xla_cpu_experimental_ynn_fusion_type": ""},
    "good": {},
}
P = ParamSpec("P")
T = TypeVar("T")
FEW_PRODUCTS = 8192  # up to here a step of quick code takes no longer


def compile_for(
    params: Any, batch_size: int, program: Callable[P, T], static: tuple[str, ...] = ()
) -> Callable[P, T]:
    """Return `program` under `jit`, compiled as suits steps of `batch_size` rows with `params`."""
    leaves = jax.tree.leaves(params)
    kind = "quick" if batch_size * count_numbers(params) <= FEW_PRODUCTS else "good"
    if leaves and leaves[0].dtype == np.float64:
        kind = "double"
    return _compiled(program, static, kind)


@functools.cache
def _compiled(program: Callable[..., Any], static: tuple[str, ...], kind: str) -> Any:
    return jax.jit(program, static_argnames=static, compiler_options=_known_options(kind))


@functools.cache
def _known_options(kind: str) -> dict[str, Any] | None:
    """Return the options of a kind, or None where XLA does not know them."""
    options = OPTIONS[kind]
    if not options:
        return None
    try:
        jax.jit(lambda: 0, compiler_options=options).lower().compile()
    except Exception:  # XLA names an unknown option by a plain runtime error
        return None
    return options
