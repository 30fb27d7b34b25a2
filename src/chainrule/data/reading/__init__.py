"""Files, addresses, standard input and named data sets, read as frames."""

from chainrule.data.reading.datasets import DATASETS, Dataset, load
from chainrule.data.reading.options import Reading
from chainrule.data.reading.table import Table, read, read_table

__all__ = ["DATASETS", "Dataset", "Reading", "Table", "load", "read", "read_table"]
