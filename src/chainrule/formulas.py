"""A formula as people read it: the same in plain text and in LaTeX.

Whatever has a formula (an activation, a layer, an objective, an optimizer) says it where it is
defined, with letters in braces such as `{z}` for the symbols that a trace puts in their places.
"""

from __future__ import annotations

from typing import NamedTuple


class Formula(NamedTuple):
    """The same in plain text and in LaTeX."""

    text: str
    latex: str

    @classmethod
    def same(cls, text: str) -> Formula:
        """Return a formula that reads the same in both."""
        return cls(text, text)

    def filled(self, **symbols: Formula) -> Formula:
        """Return the formula with symbols in place of their letters."""
        text, latex = self
        for letter, symbol in symbols.items():
            text = text.replace(f"{{{letter}}}", symbol.text)
            latex = latex.replace(f"{{{letter}}}", symbol.latex)
        return Formula(text, latex)
