"""Labelled rows of a table, and how they are split into those that train and those that do not."""

from chainrule.data.rows.rows import Rows, as_rows, hold_out, rows_if_given
from chainrule.data.rows.splitting import Split, split_rows

__all__ = ["Rows", "Split", "as_rows", "hold_out", "rows_if_given", "split_rows"]
