"""The wheat seeds: looked for at hand, else fetched once from OpenML.

Looked for in this order: the folder that `CHAINRULE_DATA` names (file `wheat_seeds.csv`), the
user's cache folder, OpenML (data set 1499), whose answer is then kept in the cache.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import DataError, MissingFileError
from chainrule.folders import user_cache_folder
from chainrule.writing import written_whole

if TYPE_CHECKING:
    import polars as pl

FILE, OPENML_ID, SHAPE = "wheat_seeds.csv", 1499, (210, 8)
COLUMNS = (
    "area",
    "perimeter",
    "compactness",
    "kernel_length",
    "kernel_width",
    "asymmetry",
    "groove_length",
    "variety",
)


def find_wheat_seeds() -> Path | None:
    """Return the file, if it is at hand."""
    named = os.environ.get("CHAINRULE_DATA")
    for folder in (Path(named) if named else None, user_cache_folder()):
        if folder is not None and (folder / FILE).is_file():
            return folder / FILE
    return None


def read_wheat_seeds() -> pl.DataFrame:
    """Return the table: seven measurements (mm, mm²) and the variety, 1, 2 or 3.

    Raises
    ------
    MissingFileError
        If the file is not at hand and cannot be fetched.
    DataError
        If the file holds another table.
    """
    import polars as pl

    path = find_wheat_seeds() or _fetch()
    table = pl.read_csv(path)
    if table.shape != SHAPE or tuple(table.columns) != COLUMNS:
        raise DataError(
            f"{path} has {table.height} rows and the columns {', '.join(table.columns)}; the wheat "
            f"seeds have {SHAPE[0]} rows and {', '.join(COLUMNS)}. Remove the file, or replace it."
        )
    return table


def _fetch() -> Path:
    """Fetch the table from OpenML, write it to the cache, and return the file."""
    import polars as pl
    from sklearn.datasets import fetch_openml

    path = user_cache_folder() / FILE
    try:
        options = {"as_frame": False, "cache": False, "parser": "liac-arff", "n_retries": 1}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the error below says it all
            bunch: Any = fetch_openml(data_id=OPENML_ID, **options)
        numbers = dict(zip(COLUMNS[:-1], np.asarray(bunch.data, float).T, strict=True))
        table = pl.DataFrame(numbers | {COLUMNS[-1]: np.asarray(bunch.target).astype(int)})
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as unfinished:
            table.write_csv(unfinished)
    except Exception as error:
        raise MissingFileError(
            f"the wheat seeds are not at hand and could not be fetched from OpenML ({error}). "
            f"Set CHAINRULE_DATA to a folder that holds {FILE}, with the columns "
            f"{', '.join(COLUMNS)}."
        ) from None
    return path
