"""One layer's two passes as they are shown: its arrays, its symbols, the names of its units.

A symbol's gradient has a d before it: dz1 = ∂L/∂z1.  Symbols count the layers that have units of
their own (1, 2, …); what works on a layer's units (activation, dropout, normalisation) has its
number.  A symbol that is taken already gets a prime.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from chainrule.engine.layers.base import Layer
from chainrule.engine.networks.passes import LayerGradients, LayerPass
from chainrule.formulas import Formula
from chainrule.inspection.tracing.records import Phase, Place, Step

Symbol = Formula  # a name in plain text and in LaTeX
INPUT = Symbol("x", "x")


@dataclass
class Symbols:
    """The symbols that a trace has used, and those of the parameters by their place and name."""

    taken: set[str] = field(default_factory=set)
    arrays: dict[tuple[Place, str], Symbol] = field(default_factory=dict)

    def new(self, letter: str, number: int, latex: str = "") -> Symbol:
        """Return the symbol of a letter for a layer's number, with primes if it is taken."""
        text, primes = f"{letter}{number}", ""
        while text + primes in self.taken:
            primes += "′"
        self.taken.add(text + primes)
        above = "^{" + len(primes) * r"\prime" + "}" if primes else ""
        return Symbol(text + primes, f"{latex or letter}_{{{number}}}{above}")


def d(symbol: Symbol) -> Symbol:
    """Return the symbol of the gradient at a symbol."""
    return Symbol(f"d{symbol.text}", rf"\mathrm{{d}}{symbol.latex}")


@dataclass
class View:
    """What the functions that show a layer are given, and what they add to.

    Attributes
    ----------
    passed, back : LayerPass, LayerGradients
        What the layer's two passes met.
    place, label : tuple of int, str
        Where the layer is said to stand.
    number : int
        The number of its symbols.
    symbols : Symbols
        All that are taken.
    given, d_given : Symbol
        Of its input, and of the gradient there.
    out, d_out : Symbol
        Of its output, set by the forward steps, and of the gradient that comes from above.
    prefix : str
        Before the names of its arrays, if it is a part of the layer at its place.
    letters : dict
        Letters in place of the usual ones.
    named : dict
        Symbols of its parameters and other results, by the name of the array.
    kept : dict
        What the backward steps need of the forward steps.
    key : PRNG key, optional
        What the layer's forward pass drew from.
    """

    passed: LayerPass
    back: LayerGradients
    place: Place
    label: str
    number: int
    symbols: Symbols
    given: Symbol = INPUT
    d_given: Symbol | None = None
    out: Symbol = INPUT
    d_out: Symbol | None = None
    prefix: str = ""
    letters: Mapping[str, str] = field(default_factory=dict)
    named: dict[str, Symbol] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    key: PRNGKeyArray | None = None

    @property
    def layer(self) -> Layer:
        return self.passed.layer

    @property
    def at_input(self) -> Symbol:
        """The symbol of the gradient at the input."""
        return d(self.given) if self.d_given is None else self.d_given

    @property
    def at_output(self) -> Symbol:
        """The symbol of the gradient at the output."""
        return d(self.out) if self.d_out is None else self.d_out

    def symbol(self, letter: str, latex: str = "") -> Symbol:
        """Return a new symbol of this layer's number."""
        return self.symbols.new(letter, self.number, latex)

    def array(self, name: str, letter: str, latex: str = "") -> Symbol:
        """Return the symbol of one of the layer's arrays; remembered by its name."""
        if name not in self.named:
            self.named[name] = self.symbol(letter, latex)
            self.symbols.arrays[self.place, self.prefix + name] = self.named[name]
        return self.named[name]

    def step(
        self,
        phase: Phase,
        quantity: str,
        symbol: Symbol,
        formula: Formula,
        values: Any,
        axes: Sequence[str],
        array: str = "",
        note: str = "",
    ) -> Step:
        """Return one step of this layer; `formula` is the right-hand side."""
        values = as_numbers(values, self.passed.y.dtype)
        return Step(
            phase,
            symbol.text,
            quantity,
            self.place,
            self.label,
            *equation(symbol, formula),
            list(axes),
            list(values.shape),
            values,
            f"{self.prefix}{array}" if array else "",
            note,
        )

    def forward(self, quantity: str, symbol: Symbol, formula: Formula, values: Any, *rest: Any):
        """Return a step of the forward pass."""
        return self.step("forward", quantity, symbol, formula, values, *rest)

    def backward(self, quantity: str, symbol: Symbol, formula: Formula, values: Any, *rest: Any):
        """Return a step of the backward pass."""
        return self.step("backward", quantity, symbol, formula, values, *rest)


def equation(symbol: Symbol, formula: Formula) -> Formula:
    """Return symbol = formula; what happens over and over comes after a colon."""
    if not formula.text:
        return symbol
    equals = ": " if "←" in formula.text else " = "
    between = r":\;" if "←" in formula.text else " = "
    return Formula(
        f"{symbol.text}{equals}{formula.text}", f"{symbol.latex}{between}{formula.latex}"
    )


def as_numbers(values: Any, dtype: Any) -> np.ndarray:
    """Return a result on the host, whole numbers and truth values as numbers of `dtype`."""
    return np.asarray(values).astype(np.dtype(dtype))


def named_leaves(tree: Any) -> list[tuple[str, Any]]:
    """Return the arrays of a tree with their names, such as "weights" or "body.0.scale".

    A tree that is one array is called "parameters".
    """
    found = jax.tree_util.tree_leaves_with_path(tree)
    return [(".".join(_part(key) for key in path) or "parameters", leaf) for path, leaf in found]


def _part(key: Any) -> str:
    for name in ("name", "key", "idx"):
        if hasattr(key, name):
            return str(getattr(key, name))
    return str(key)
