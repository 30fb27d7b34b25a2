"""The named data sets: small classic tables that scikit-learn carries, as frames with plain names.

A set is a row in `DATASETS` and a loader in `_LOADERS`; one that lives in a file or on a server
needs a loader of its own and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from chainrule.data.reading.wheat_seeds import find_wheat_seeds, read_wheat_seeds
from chainrule.errors import OptionError
from chainrule.wording import did_you_mean

if TYPE_CHECKING:
    import polars as pl


class Dataset(msgspec.Struct, frozen=True):
    """What is known of a named data set before it is read."""

    name: str
    title: str
    rows: int
    columns: int  # the target included
    target: str
    task: Literal["classification", "regression"]
    source: str
    licence: str


_UCI = "CC BY 4.0"
DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="iris",
            title="Three species of iris by their petals and sepals (cm)",
            rows=150,
            columns=5,
            target="species",
            task="classification",
            source="Fisher (1936), UCI 53, bundled with scikit-learn",
            licence=_UCI,
        ),
        Dataset(
            name="wheat-seeds",
            title="Three varieties of wheat by their kernels (mm, mm²)",
            rows=210,
            columns=8,
            target="variety",
            task="classification",
            source="Charytanowicz et al. (2010), UCI 236; from a file or OpenML 1499",
            licence=_UCI,
        ),
        Dataset(
            name="wine",
            title="Three cultivars of wine by chemical analysis",
            rows=178,
            columns=14,
            target="cultivar",
            task="classification",
            source="Aeberhard & Forina (1991), UCI 109, bundled with scikit-learn",
            licence=_UCI,
        ),
        Dataset(
            name="breast-cancer",
            title="Benign or malignant, from cell nuclei in a biopsy (Wisconsin)",
            rows=569,
            columns=31,
            target="diagnosis",
            task="classification",
            source="Wolberg, Street & Mangasarian (1993), UCI 17, bundled with scikit-learn",
            licence=_UCI,
        ),
        Dataset(
            name="digits",
            title="Handwritten digits, 8 by 8 pixels, 0 to 16",
            rows=1797,
            columns=65,
            target="digit",
            task="classification",
            source="Alpaydin & Kaynak (1998), UCI 80 (test part), bundled with scikit-learn",
            licence=_UCI,
        ),
        Dataset(
            name="diabetes",
            title="Progression of diabetes after one year, from ten measurements",
            rows=442,
            columns=11,
            target="progression",
            task="regression",
            source="Efron, Hastie, Johnstone & Tibshirani (2004), bundled with scikit-learn",
            licence="no licence stated by its authors",
        ),
    )
}


def load(name: str) -> pl.DataFrame:
    """Read a named data set and give it as a frame, the target in the last column.

    Parameters
    ----------
    name : str
        A key of `DATASETS`.

    Returns
    -------
    polars.DataFrame
        Columns in snake_case without units; classes as text (the digits as whole numbers). The
        diabetes measurements are in their own units, not in scikit-learn's pre-scaled ones.

    Raises
    ------
    OptionError
        If there is no data set of that name.
    MissingFileError
        If it is not at hand and cannot be fetched.
    """
    if name not in DATASETS:
        raise OptionError(
            f'no data set "{name}"{did_you_mean(name, DATASETS) or "."} '
            f"The named data sets are: {', '.join(DATASETS)}."
        )
    return _LOADERS[name](DATASETS[name])


def at_hand(name: str) -> bool:
    """Return whether a named data set can be read without fetching it."""
    return name != "wheat-seeds" or find_wheat_seeds() is not None


def _bundled(function: str, **options: Any) -> Callable[[Dataset], pl.DataFrame]:
    """Return a loader for `sklearn.datasets.<function>`."""

    def read(dataset: Dataset) -> pl.DataFrame:
        import polars as pl
        from sklearn import datasets

        bunch = getattr(datasets, function)(**options)
        names = [_snake_case(str(name)) for name in bunch.feature_names]
        target = bunch.target
        classes = bunch.get("target_names")
        if classes is not None and classes.dtype.kind == "U":
            target = [str(classes[code]) for code in target]
        return pl.DataFrame(
            {name: bunch.data[:, i] for i, name in enumerate(names)} | {dataset.target: target}
        )

    return read


def _snake_case(name: str) -> str:
    return re.sub(r"\W+", "_", name.removesuffix(" (cm)")).strip("_").lower()


_LOADERS: dict[str, Callable[[Dataset], pl.DataFrame]] = {
    "iris": _bundled("load_iris"),
    "wheat-seeds": lambda _: read_wheat_seeds(),
    "wine": _bundled("load_wine"),
    "breast-cancer": _bundled("load_breast_cancer"),
    "digits": _bundled("load_digits"),
    "diabetes": _bundled("load_diabetes", scaled=False),
}
