"""The kinds of column, in the order in which a column is tried against them."""

from chainrule.data.columns.kinds.category import Category
from chainrule.data.columns.kinds.clock import Clock
from chainrule.data.columns.kinds.constant import Constant
from chainrule.data.columns.kinds.date import Date
from chainrule.data.columns.kinds.dropped import Dropped
from chainrule.data.columns.kinds.identifier import Identifier
from chainrule.data.columns.kinds.kind import Answers, Column, ColumnKind
from chainrule.data.columns.kinds.levels import Levels
from chainrule.data.columns.kinds.number import Number

__all__ = ["KINDS", "Answers", "Column", "ColumnKind", "kind_of"]

_IN_THEIR_ORDER: tuple[ColumnKind, ...] = (
    Dropped(),
    Constant(),
    Identifier(),
    Number(),
    Date(),
    Clock(),
    Levels(),
    Category(),
)
KINDS: dict[str, ColumnKind] = {kind.name: kind for kind in _IN_THEIR_ORDER}


def kind_of(column: Column) -> ColumnKind:
    """Return the record of a column's kind."""
    return KINDS[column.kind]
