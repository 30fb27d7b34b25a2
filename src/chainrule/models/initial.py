"""An estimator as it is before its first step: columns, target and initial weights, no training."""

from __future__ import annotations

import copy
from typing import Any

from chainrule.data.rows.rows import as_rows


def at_start(model: Any, X: Any, y: Any) -> Any:
    """Return a copy of an estimator, with the weights from which `fit` on this table would start.

    Parameters
    ----------
    model : estimator
        Its parameters say the network and the seed.
    X, y
        As in `fit`.

    Raises
    ------
    DataError, ShapeError, OptionError
        As `fit` does, before training starts.
    """
    import jax  # only where something is trained, as what follows
    import numpy as np

    from chainrule.engine.compiling.precision import as_dtype, precision
    from chainrule.engine.training.starting import random_parts

    model = copy.copy(model)
    model.check_parameters()
    learning = model._learning(model._that_count(as_rows(X, y)))
    key, _, _ = random_parts(learning.start.seed, False)
    with precision(as_dtype(model.dtype)):
        params = learning.network.init(key, len(learning.encoder.feature_names_out))
        params = jax.tree.map(lambda leaf: np.asarray(leaf, model.dtype), params)
    model.fitted_ = learning.at(params)
    return model
