"""Columns: read from any frame, understood, matched by name, and encoded as numbers."""

from chainrule.data.columns.encoding import InputEncoder
from chainrule.data.columns.frames import Columns, as_columns
from chainrule.data.columns.kinds import Answers, Column, ColumnKind, kind_of
from chainrule.data.columns.matching import match_columns
from chainrule.data.columns.schema import Schema, infer_schema, require_column
from chainrule.data.columns.values import Values

__all__ = [
    "Answers",
    "Column",
    "ColumnKind",
    "Columns",
    "InputEncoder",
    "Schema",
    "Values",
    "as_columns",
    "infer_schema",
    "kind_of",
    "match_columns",
    "require_column",
]
