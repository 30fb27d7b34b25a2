"""A trained model for tables, and what its run folder says of their columns."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chainrule.errors import FeatureNamesWarning, OptionError
from chainrule.runs.folder import read_manifest


@contextmanager
def names_are_said() -> Iterator[None]:
    """Give no warning of columns by another name, where notes say the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FeatureNamesWarning)
        yield


def load_for_rows(path: Path) -> Any:
    """Return the model of a file; a memory is refused, for it knows no columns of a table."""
    from chainrule.models.loading import load  # scikit-learn, once the run is found

    model = load(path)
    if model.fitted_.encoder is None:
        raise OptionError(
            f"{path} holds an {type(model).__name__}, which completes patterns and has no columns "
            "of a table. Take it in Python: chainrule.load(path).predict(patterns)."
        )
    return model


def targets_of(run: Path) -> list[str] | None:
    """Return the names of a run's targets; None for a model file, which does not know them."""
    if not run.is_dir():
        return None
    target = read_manifest(run)["target"]
    return [target] if isinstance(target, str) else target
