"""Table in, arrays out: read, understand the columns, split, encode; no JAX in here."""

from chainrule.data.columns.encoding import InputEncoder
from chainrule.data.columns.frames import Columns, as_columns
from chainrule.data.columns.kinds import Answers, Column
from chainrule.data.columns.schema import Schema, infer_schema, require_column
from chainrule.data.reading.datasets import DATASETS, Dataset, load
from chainrule.data.reading.options import Reading
from chainrule.data.reading.table import Table, read, read_table
from chainrule.data.rows.rows import Rows, as_rows
from chainrule.data.rows.splitting import Split, split_rows
from chainrule.data.target.classes import ClassTarget
from chainrule.data.target.kind import Target
from chainrule.data.target.labels import LabelTarget
from chainrule.data.target.numbers import NumberTarget
from chainrule.data.target.several_classes import ClassTargets
from chainrule.data.target.target import fit_class_target, target_from_state
from chainrule.data.target.values import guess_task, read_target
from chainrule.data.weights import read_weights

__all__ = [
    "DATASETS",
    "Answers",
    "ClassTarget",
    "ClassTargets",
    "Column",
    "Columns",
    "Dataset",
    "InputEncoder",
    "LabelTarget",
    "NumberTarget",
    "Reading",
    "Rows",
    "Schema",
    "Split",
    "Table",
    "Target",
    "as_columns",
    "as_rows",
    "fit_class_target",
    "guess_task",
    "infer_schema",
    "load",
    "read",
    "read_table",
    "read_target",
    "read_weights",
    "require_column",
    "split_rows",
    "target_from_state",
]
