"""Errors that chainrule raises on purpose: who, what was expected, what came, what to do next.

Each type also is the standard one that fits, so `except ValueError` goes on working.
"""

from collections.abc import Iterable

from chainrule.advice import Setting, Text
from chainrule.wording import did_you_mean


class ChainruleError(Exception):
    """Base of every error raised on purpose; made as a `Text`, which keeps options as data."""

    def __init__(self, template: str = "", /, *pieces: object, **settings: object) -> None:
        self.text = Text(template, *pieces, **settings)
        super().__init__(self.text)


class ShapeError(ChainruleError, ValueError):
    """Arrays or columns do not fit together."""


class OptionError(ChainruleError, ValueError):
    """An option or parameter has a value it cannot have."""


class DataError(ChainruleError, ValueError):
    """A table, a column or a target cannot be used as it is."""


class ColumnTypeError(ChainruleError, TypeError):
    """Names of columns, or cells, are of a type that cannot be used."""


class MissingFileError(ChainruleError, FileNotFoundError):
    """A file or a run folder is not where it was said to be."""


class ModelFileError(ChainruleError, ValueError):
    """A model file is damaged, or is not a model file."""


class MissingExtraError(ChainruleError, ImportError):
    """A part of chainrule needs an extra that is not installed."""


class ForkedError(ChainruleError, RuntimeError):
    """A forked process would train, though its parent had trained before."""


class DivergedError(ChainruleError, ArithmeticError):
    """Training broke down before there was anything to keep."""


class NotSettledError(ChainruleError, ArithmeticError):
    """Too many samples of a fixed-point network did not settle."""


class ChainruleWarning(UserWarning):
    """Base of every warning that chainrule gives."""


class FeatureNamesWarning(ChainruleWarning):
    """Columns were taken by position, one of two tables having no names, or by another spelling."""


class DivergedWarning(ChainruleWarning):
    """The loss stopped being finite; the best weights before that are kept."""


class NotSettledWarning(ChainruleWarning):
    """Some samples of a fixed-point network did not settle."""


class InterruptedWarning(ChainruleWarning):
    """Training was stopped by hand or by its time limit; the best weights are kept."""


def not_known(name: str, value: object, known: Iterable[str], or_else: str = "") -> OptionError:
    """Return the error for an option whose value is not one of the known names."""
    names = list(known)
    hint = did_you_mean(str(value), names) or "."
    choices = ", ".join(names) + or_else
    return OptionError("{} is not known{} Choose one of {}.", Setting(name, value), hint, choices)
