r"""The board as a fragment of LaTeX: sections, `align*` and arrays; needs `amsmath` and UTF-8."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from chainrule.inspection.explaining.board import (
    Board,
    Display,
    Equation,
    Expression,
    Formula,
    Name,
    Piece,
    Table,
    Words,
    number,
)

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{c: f"\\{c}" for c in "&%$#_{}"},
}
SIGNS = {
    "·": r"\cdot ",
    "Σ": r"\textstyle\sum ",
    "ŷ": r"\hat y",
    "η": r"\eta",
    "½": r"\tfrac12",
    "ℓ": r"\ell",
    "λ": r"\lambda",
    "′": r"^{\prime}",
    "β": r"\beta",
    "γ": r"\gamma",
    "μ": r"\mu",
    "σ": r"\sigma",
    "‖": r"\Vert ",
    "ₐ": "_a",
    "…": r"\ldots ",
    "←": r"\leftarrow ",
}


def as_latex(board: Board) -> str:
    """Return the board as LaTeX."""
    lines = [rf"\section*{{{escape(board.title)}}}"]
    lines += [escape(words) + r"\par" for words in board.about]
    for section in board.sections:
        lines += ["", rf"\subsection*{{{escape(section.title)}}}"]
        for part in section.parts:
            lines += [rf"\paragraph{{{escape(part.title)}}}"] if part.title else []
            for block in part.blocks:
                lines += _lines(block)
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return words as LaTeX shows them, formulas' signs in mathematical mode."""
    out = "".join(SPECIAL.get(c, c) for c in text)
    for sign, latex in SIGNS.items():
        out = out.replace(sign, f"${latex.strip()}$")
    return out.replace("<-", r"$\leftarrow$")


def mathematics(expression: Expression) -> str:
    """Return an expression in mathematical mode."""
    return "".join(_piece(piece) for piece in expression)


def _piece(piece: Piece) -> str:
    if isinstance(piece, Formula):
        return piece.latex
    if isinstance(piece, Name):
        return rf"\text{{{escape(piece.text)}}}"
    if isinstance(piece, str):
        for sign, latex in SIGNS.items():
            piece = piece.replace(sign, latex)
        return piece
    mantissa, _, exponent = number(piece).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


@singledispatch
def _lines(block: Any) -> list[str]:
    raise NotImplementedError


@_lines.register
def _(block: Words) -> list[str]:
    return [escape(block.text) + r"\par"]


@_lines.register
def _(block: Display) -> list[str]:
    return [r"\[", f"  {mathematics(block.expression)}", r"\]"]


@_lines.register
def _(block: Equation) -> list[str]:
    sides = [f"&= {mathematics(side)}" for side in block.sides]
    body = " \\\\\n  ".join([f"{mathematics(block.left)} {sides[0]}", *sides[1:]])
    return [r"\begin{align*}", f"  {body}", r"\end{align*}"]


@_lines.register
def _(block: Table) -> list[str]:
    def cell(piece: Piece) -> str:
        return rf"\text{{{escape(piece)}}}" if isinstance(piece, str) else _piece(piece)

    columns = "".join(
        "r" if all(isinstance(row[i], float) or row[i] == "" for row in block.rows) else "l"
        for i in range(len(block.heading))
    )
    rows = [" & ".join(cell(piece) for piece in row) + r" \\" for row in block.rows]
    if block.sums_up:
        rows.insert(-1, r"\hline")
    heading = " & ".join(cell(name) for name in block.heading) + r" \\ \hline"
    body = [f"  {row}" for row in (heading, *rows)]
    return [r"\[", rf"\begin{{array}}{{{columns}}}", *body, r"\end{array}", r"\]"]
