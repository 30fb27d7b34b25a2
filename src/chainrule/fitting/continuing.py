"""Going on with a training: the weights that an estimator holds, and its optimizer's state."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from chainrule.advice import Either, Setting
from chainrule.engine import Checkpoint, make_key
from chainrule.engine.compiling.precision import as_dtype, precision
from chainrule.errors import OptionError
from chainrule.fitting.conversion import engine_params
from chainrule.predicting.fitted import Fitted


@dataclass(frozen=True)
class ResumePoint:
    """The engine's checkpoint, and how many steps the optimizer has counted so far."""

    checkpoint: Checkpoint
    n_steps: int


def resume_point(before: Fitted, network: Any, optimizer: Any, settings: Any) -> ResumePoint:
    """Return where the training `before` can go on with `network` and `optimizer`.

    The optimizer's state is kept if it is one of that optimizer, else it starts anew.

    Raises
    ------
    OptionError
        If the network is not that of the fit before.
    """
    layers = (before.engine or network).layers
    params, dtype = engine_params(before.network, layers), as_dtype(settings.dtype)
    assert before.encoder is not None
    with precision(dtype):
        template = network.init(make_key(0), len(before.encoder.feature_names_out))
        if _shapes(template) != _shapes(params):
            raise OptionError(
                "the network of the fit before has other layers than the parameters say now: it "
                "cannot go on with {hidden_layer_sizes}. Keep the sizes, or fit anew ({}).",
                Either(Setting("warm_start", False), "without --resume"),
                hidden_layer_sizes=settings.hidden_layer_sizes,
            )
        fresh = optimizer.init(jax.tree.map(lambda leaf: np.asarray(leaf, dtype), params))
    leaves = list(before.optimizer_state)
    if [np.shape(leaf) for leaf in jax.tree.leaves(fresh)] != [np.shape(leaf) for leaf in leaves]:
        return ResumePoint(Checkpoint(params, None, before.ending.epoch), 0)
    opt_state = jax.tree.unflatten(jax.tree.structure(fresh), leaves)
    n_steps = int(getattr(opt_state, "step", 0))
    return ResumePoint(Checkpoint(params, opt_state, before.ending.epoch), n_steps)


def _shapes(tree: Any) -> list[tuple[int, ...]]:
    return [tuple(np.shape(leaf)) for leaf in jax.tree.leaves(tree)]
