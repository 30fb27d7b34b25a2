"""What is odd about a table, found before training: each with its evidence and its remedy.

An ID among the inputs, a column that gives the target away, rows in order of time, classes with
hardly a row: `find` names them; nothing is changed.
"""

from __future__ import annotations

from typing import Literal

from chainrule.data.columns.frames import as_columns
from chainrule.data.columns.schema import Schema, infer_schema
from chainrule.data.findings.classes import find_in_classes
from chainrule.data.findings.columns import find_in_columns, find_pairs
from chainrule.data.findings.leaks import find_leaks
from chainrule.data.findings.look import look_at
from chainrule.data.findings.names import find_in_names
from chainrule.data.findings.rows import find_copies, find_order
from chainrule.data.findings.tails import find_tails
from chainrule.finding import Finding

__all__ = ["Finding", "find"]


def find(
    table: object,
    y: object,
    *,
    task: Literal["classification", "regression"],
    schema: Schema | None = None,
    weights: object = None,
    ordered_split: bool = False,
) -> list[Finding]:
    """Look for what is odd about a table and give the findings, the gravest first.

    A table of more than 5 million values is looked at through a sample of rows, and the findings
    say so.

    Parameters
    ----------
    table : frame, array-like or Columns
        The inputs, without the target.
    y : series or array-like
        The target. Of several columns only the inputs are looked at.
    task : {"classification", "regression"}
        What the target is for.
    schema : Schema, optional
        What the columns are taken for; inferred when left out.
    weights : array-like of shape (n_rows,), optional
        Weights of rows: those of 0 are not looked at, and classes are counted by weight.
    ordered_split : bool, default=False
        Whether the last rows are held out, so that an order by time needs no mention.

    Returns
    -------
    list of Finding
        Empty if nothing is odd.

    Raises
    ------
    DataError, ShapeError
        As `infer_schema` and `read_target` do.

    Examples
    --------
    >>> from chainrule.data import load
    >>> table = load("iris")
    >>> for finding in find(table.drop("species"), table["species"], task="classification"):
    ...     print(finding.kind, "-", finding.remedy)
    ordered - Nothing to do: a stratified or random split mixes them, one in order would not.
    """
    columns = as_columns(table)
    if schema is None:
        schema = infer_schema(columns, weights=weights)
    look = look_at(columns, y, task, schema, weights)
    return [
        *find_leaks(look),
        *find_in_classes(look),
        *find_tails(look),
        *find_order(look, ordered_split),
        *find_copies(look),
        *find_in_columns(look),
        *find_in_names(look),
        *find_pairs(look),
    ]
