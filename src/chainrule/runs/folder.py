"""A run folder: everything a run leaves behind, written whole or not at all.

    model.chr   history.csv   config.toml   figures/*.svg, *.png   report.html   manifest.json

The folder is filled under a hidden name and renamed when it is complete.
"""

import csv
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import MissingFileError, ModelFileError, OptionError

MODEL, HISTORY, CONFIG = "model.chr", "history.csv", "config.toml"
MANIFEST, FIGURES, REPORT = "manifest.json", "figures", "report.html"


def refuse_existing(folder: Path) -> None:
    """Raise an OptionError if the folder that a run is to become is there already."""
    if folder.exists():
        raise OptionError(
            f"{folder} exists already. Choose another folder with --out, or remove it."
        )


@contextmanager
def new_run_folder(base: Path, name: str, exact: Path | None = None) -> Iterator[tuple[Path, Path]]:
    """Yield (the hidden folder to fill, the name it will have); rename it if all went well.

    Parameters
    ----------
    base, name
        The folder becomes `base`/`name`-1, or the next number that is free.
    exact
        The folder to become instead, which must not exist.

    Raises
    ------
    OptionError
        If `exact` exists, or the place cannot be written to.
    """
    if exact is not None:
        refuse_existing(exact)
    base = exact.parent if exact is not None else base
    try:
        base.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=base))
    except OSError as error:
        raise OptionError(
            f"no run folder can be made in {base} ({error.strerror}). Choose another with --out."
        ) from None
    hidden.chmod(0o755)
    final = exact if exact is not None else _next_free(base, name)
    try:
        yield hidden, final
        os.rename(hidden, final)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def write_history(path: Path, history: Mapping[str, np.ndarray]) -> None:
    """Write the history as CSV, a row for each epoch; what was not measured stays empty."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(history)
        for row in zip(*(column.tolist() for column in history.values()), strict=True):
            writer.writerow("" if value != value else value for value in row)


def write_manifest(path: Path, facts: Mapping[str, Any]) -> None:
    """Write the manifest: `facts`, and the versions that produced them."""
    whole = {**facts, "versions": versions_in_use()}
    path.write_text(json.dumps(whole, indent=2, default=str) + "\n")


def versions_in_use() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    packages = ("chainrule", "jax", "jaxlib", "numpy", "scikit-learn", "polars")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def read_manifest(run: Path) -> dict[str, Any]:
    """Return the manifest of a run folder.

    Raises
    ------
    MissingFileError
        If `run` is no run folder.
    ModelFileError
        If the manifest is damaged.
    """
    path = run / MANIFEST
    if not path.is_file():
        raise MissingFileError(
            f"{run} is no run folder: it holds no {MANIFEST}. Give the folder that `fit` wrote."
        )
    try:
        return json.loads(path.read_text())
    except ValueError:
        raise ModelFileError(f"{path} is damaged. Fit again.") from None


def find_model(run: Path) -> Path:
    """Return the model file meant by a run folder or by the file itself."""
    if run.is_dir():
        read_manifest(run)
        return run / MODEL
    if not run.exists():
        known = sorted(str(p.parent) for p in Path("runs").glob(f"*/{MANIFEST}"))
        hint = f" Runs here: {', '.join(known[-5:])}." if known else " Run `chainrule fit` first."
        raise MissingFileError(f"there is no run {run}.{hint}")
    return run


def hash_bytes(data: bytes) -> str:
    """Return the SHA-256 of the data, as the manifest records it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def hash_table(table: str, frame: Any) -> str:
    """Return the digest of a table: of its file, or of what was read from elsewhere."""
    path = Path(table).expanduser()
    return hash_bytes(path.read_bytes() if path.is_file() else frame.write_csv().encode())


def _next_free(base: Path, name: str) -> Path:
    number = 1
    while (base / f"{name}-{number}").exists():
        number += 1
    return base / f"{name}-{number}"
