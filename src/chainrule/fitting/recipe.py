"""How the tabular estimators train, by the size of the table: one rule for all tables.

With n training rows and q = max(n / 5000, 1):

    units     128, 128                     "large": 256, 256, 256
    networks  5                            "large": 8;  3 above 50,000 rows, 2 above 200,000
    batch     128, for large tables 128 √q rounded down to a power of two, 1024 at most;
              no more than half of the rows
    epochs    128 (numbers: 64), divided by √q, 8 at least; and as many as 400 steps need
    pieces    16 of every number where the target is one, n / 50 where that is less

The constants were chosen on the development tables of `benchmarks/bench_tabular.py`, on other
splits than those reported.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from chainrule.errors import not_known

SIZES = ("auto", "small", "large")
USUAL_ROWS, LEAST_STEPS = 5000, 400
WEIGHT_DECAY = 0.02
PIECES, ROWS_TO_A_PIECE = 16, 50  # of every number, for a number as target


@dataclass(frozen=True)
class Recipe:
    """The parameters that "auto" stands for, for one table."""

    hidden_layer_sizes: Any
    activation: Any
    n_networks: int
    batch_size: int
    max_iter: int
    learning_rate_init: float
    scoring: Any = "loss"

    def __str__(self) -> str:
        units = "-".join(map(str, np.atleast_1d(self.hidden_layer_sizes).tolist()))
        return (
            f"{self.n_networks} networks of {units} {self.activation}, batches of "
            f"{self.batch_size} rows, {self.max_iter} epochs"
        )


AUTO = tuple(field.name for field in fields(Recipe))


def recipe_for(model: Any, n_rows: int) -> Recipe:
    """Return the recipe for a table of so many rows; what the user has set stays.

    Raises
    ------
    OptionError
        If `size` is none.
    """
    if model.size not in SIZES:
        raise not_known("size", model.size, SIZES)
    large, classifies = model.size == "large", is_classifier(model)
    beyond = max(n_rows / USUAL_ROWS, 1.0)
    most = 5 if n_rows <= 50_000 else 3 if n_rows <= 200_000 else 2
    batch = min(2 ** int(np.log2(128 * beyond**0.5)), 1024, max(n_rows // 2, 1))
    n_steps = -(-n_rows // batch)
    epochs = max((128 if classifies else 64) / beyond**0.5, 8)
    chosen = {
        "hidden_layer_sizes": (256, 256, 256) if large else (128, 128),
        "activation": "selu" if classifies else "mish",
        "n_networks": 8 if large and most == 5 else most,
        "batch_size": batch,
        "max_iter": int(max(epochs, np.ceil(LEAST_STEPS / n_steps))),
        "learning_rate_init": 0.04 if classifies else 0.1,
        "scoring": "accuracy" if classifies else "loss",
    }
    given = {name: getattr(model, name) for name in AUTO}
    return Recipe(**{name: chosen[name] if _auto(v) else v for name, v in given.items()})


def _auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"
