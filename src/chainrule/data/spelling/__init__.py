"""How people write cells: numbers, dates, times, and words for what is not known."""

from chainrule.data.spelling.column import CellOptions, Cells, Spelling, read_cells
from chainrule.data.spelling.dates import DateSpelling
from chainrule.data.spelling.numbers import NumberSpelling

__all__ = ["CellOptions", "Cells", "DateSpelling", "NumberSpelling", "Spelling", "read_cells"]
