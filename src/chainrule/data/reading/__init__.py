"""Files, standard input and named data sets, read as frames."""

from chainrule.data.reading.datasets import DATASETS, Dataset, load
from chainrule.data.reading.table import MISSING_MARKERS, read_table

__all__ = ["DATASETS", "MISSING_MARKERS", "Dataset", "load", "read_table"]
