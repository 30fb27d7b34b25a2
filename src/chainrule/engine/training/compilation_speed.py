"""How long to compile: for a step of few multiplications, quick code is as fast as good code.

XLA's newer code generator, and its higher levels of optimisation, make large kernels up to a third
faster and take twice as long to compile.  Which one is chosen depends on the network and the batch
size alone, never on the data.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax

QUICK = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1}
FEW_PRODUCTS = 8192  # up to here a step of quick code takes no longer


def compile_for(n_products: int, program: Callable[..., Any], static: tuple[str, ...] = ()) -> Any:
    """Return `program` under `jit`, compiled as suits a step of `n_products` multiplications."""
    return _compiled(program, static, quick=n_products <= FEW_PRODUCTS)


@functools.cache
def _compiled(program: Callable[..., Any], static: tuple[str, ...], quick: bool) -> Any:
    options = _quick_options() if quick else None
    return jax.jit(program, static_argnames=static, compiler_options=options)


@functools.cache
def _quick_options() -> dict[str, Any] | None:
    """Return the options for quick code, or None where XLA does not know them."""
    try:
        jax.jit(lambda: 0, compiler_options=QUICK).lower().compile()
    except Exception:  # XLA names an unknown option by a plain runtime error
        return None
    return QUICK
