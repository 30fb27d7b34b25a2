"""Table in, arrays out: read, understand the columns, split, encode; no JAX in here."""

from chainrule.data.datasets import DATASETS, Dataset, load
from chainrule.data.encoding import InputEncoder
from chainrule.data.frames import Columns, as_columns
from chainrule.data.reading import MISSING_MARKERS, read_table
from chainrule.data.schema import Column, Schema, infer_schema, require_column
from chainrule.data.splitting import Split, split_rows
from chainrule.data.targets import ClassTarget, NumberTarget, guess_task, read_target

__all__ = [
    "DATASETS",
    "MISSING_MARKERS",
    "ClassTarget",
    "Column",
    "Columns",
    "Dataset",
    "InputEncoder",
    "NumberTarget",
    "Schema",
    "Split",
    "as_columns",
    "guess_task",
    "infer_schema",
    "load",
    "read_table",
    "read_target",
    "require_column",
    "split_rows",
]
