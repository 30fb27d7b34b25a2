"""What `fit` checks of its parameters before it looks at the table."""

from chainrule.advice import Setting
from chainrule.engine.compiling.precision import as_dtype
from chainrule.errors import OptionError
from chainrule.fitting import plan
from chainrule.fitting.job import Job
from chainrule.fitting.network import frozen_places


def check_job(job: Job) -> None:
    """Raise an OptionError for the first parameter that cannot work."""
    model = job.settings
    as_dtype(model.dtype)
    network = job.build(1, True)
    frozen_places(network, model.frozen_layers)
    schedule = plan.plan_schedule(model, n_epochs=1, n_steps=1, n_rows=1)
    optimizer = plan.plan_optimizer(model, schedule)
    plan.plan_batch_size(model, 1, full_batch_only=optimizer.full_batch_only)
    job.task.check_loss()
    if model.n_networks > 1 and model.warm_start:
        raise OptionError(
            "{n_networks} and {warm_start} exclude each other: only a single network can go on. "
            "Set one of them back.",
            n_networks=model.n_networks,
            warm_start=True,
        )
    for name in ("category", "number", "drop"):
        if isinstance(getattr(model, name), dict):
            raise OptionError(
                "{} must be a list of column names.", Setting(name, getattr(model, name))
            )
