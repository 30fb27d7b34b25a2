"""Tables for a trained model, and what its run folder says of their columns."""

from pathlib import Path
from typing import Any

from chainrule.data import read_table
from chainrule.data.reading.separators import choose_separator, header_names
from chainrule.data.reading.table import ARROW_ENDINGS, PARQUET_ENDINGS
from chainrule.errors import DataError, OptionError
from chainrule.runs.folder import read_manifest


def load_for_rows(path: Path) -> Any:
    """Return the model of a file; a memory is refused, for it knows no columns of a table."""
    from chainrule.models.loading import load

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


def read_new_rows(table: str, separator: str | None) -> Any:
    """Return a table as `read_table` does, but also one that has names and no rows."""
    try:
        return read_table(table, separator=separator)
    except DataError:
        frame = _without_rows(Path(table).expanduser(), separator)
        if frame is None:
            raise
        return frame


def _without_rows(path: Path, separator: str | None) -> Any:
    """Return the empty frame of a file that holds column names alone; None for any other."""
    import polars as pl

    if not path.is_file() or path.stat().st_size == 0:
        return None
    ending = path.suffix.lower()
    if ending in PARQUET_ENDINGS + ARROW_ENDINGS:
        try:
            read = pl.read_parquet if ending in PARQUET_ENDINGS else pl.read_ipc
            frame = read(path.read_bytes())
        except (pl.exceptions.PolarsError, OSError):
            return None
        return frame if frame.height == 0 else None
    text = path.read_bytes().decode("utf-8-sig", errors="replace").strip()
    if not text or "\n" in text:
        return None
    separator = choose_separator(text, separator, str(path))
    names = header_names(text, separator, str(path))
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
