"""Whether to learn the logarithm of a target: where that predicts rows better that did not train.

Of a target with a long tail a few large numbers decide the squared error.  Their logarithms are
easier to learn if effects multiply, and harder if they add up, so one network is trained on each.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, cast

import numpy as np

from chainrule.data.rows.rows import Rows
from chainrule.data.target.numbers import TRANSFORMS
from chainrule.fitting.bagging import train_bag
from chainrule.fitting.job import Job
from chainrule.predicting.fitted import Fitted

MOST_ROWS = 10_000
PAYS = 0.9  # of the squared and of the absolute error; less of a gain may be chance


def choose_transform(
    job: Job, rows: Rows, held_out: Rows | None, seed: int
) -> tuple[Job, Fitted | None]:
    """Return the job with the transformation that pays; and what was trained if it was stopped.

    Parameters
    ----------
    job : Job
        Of a regression.
    rows, held_out : Rows
        As `train_bag` has them; at most 10,000 of `rows` are looked at.
    seed : int
        Of the fit.
    """
    if len(rows) > MOST_ROWS:
        few = np.random.default_rng(seed).permutation(len(rows))[:MOST_ROWS]
        rows = rows.take(np.sort(few))
    settings = copy.copy(job.settings)
    settings.n_networks, settings.verbose = 1, False
    task: Any = job.task
    jobs = [replace(job, task=replace(task, transform=each)) for each in TRANSFORMS]
    errors = []
    for each in jobs:
        transform = cast(Any, each.task).transform
        kept = job.keeping and job.keeping.within(f"trial-{transform}")
        trial = replace(each, settings=settings, keeping=kept)
        fitted = train_bag(trial, rows, held_out, seed, None)
        if fitted.ending.stop == "interrupted":
            return each, fitted
        known = fitted.calibration
        if known is None:
            return job, None
        sizes = np.abs(known.errors[:, 0])
        errors.append(np.average([sizes, sizes**2], axis=1, weights=known.weights))
    return jobs[bool((errors[1] < PAYS * errors[0]).all())], None
