"""Compiling: in which precision, how well, and for how long programs are kept."""

from chainrule.engine.compiling.count import compilations
from chainrule.engine.compiling.precision import as_dtype, precision

__all__ = ["as_dtype", "compilations", "precision"]
