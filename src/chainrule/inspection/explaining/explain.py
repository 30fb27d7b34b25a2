"""One row's way through the network and back, worked out as a teacher writes it on the board.

    step 1   the inputs come in            cells become numbers
    step 2   forward                       every sum written out, every activation
    step 3   the error                     outputs beside targets, the loss, the first deltas
    step 4   backward                      deltas, one weight by its paths, gradients, the update

Everything is read off a trace of that row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chainrule.errors import OptionError, not_known
from chainrule.formulas import Formula
from chainrule.inspection.explaining.as_html import as_html
from chainrule.inspection.explaining.as_latex import as_latex
from chainrule.inspection.explaining.as_text import as_text
from chainrule.inspection.explaining.backward import backward_part, gradient_part, weight_part
from chainrule.inspection.explaining.board import (
    Block,
    Board,
    Equation,
    Expression,
    Name,
    Part,
    Section,
    Table,
    Words,
)
from chainrule.inspection.explaining.forward import forward_parts
from chainrule.inspection.explaining.names import Weight, find_weight, name_of, strongest_weight
from chainrule.inspection.explaining.paths import WeightGradient, weight_gradient
from chainrule.inspection.explaining.room import Room
from chainrule.inspection.tracing.records import Trace

FORMATS = ("text", "latex", "html")


@dataclass(frozen=True)
class Cell:
    """A cell of the user's table and what it became.

    Attributes
    ----------
    column, raw : str
        The column and the cell as it stands in the table.
    becomes : list of (name, how, value)
        The encoded numbers: name of the input, the calculation in words ("" if there is none).
    rest : str
        What else is to be said, such as the slots that are 0.
    """

    column: str
    raw: str
    becomes: list[tuple[str, str, float]]
    rest: str = ""


@dataclass(frozen=True)
class Story:
    """What only the owner of the row knows: a title, words about the network, cells, the target.

    Attributes
    ----------
    title : str
        Heading of the whole.
    about : sequence of str
        Sentences under it.
    cells : sequence of Cell
        The row as it stands in the table; without them the inputs are shown as they are.
    target, prediction : str
        The row's target and what the network says, in words.
    """

    title: str = "One row's way forward and back"
    about: Sequence[str] = ()
    cells: Sequence[Cell] = ()
    target: str = ""
    prediction: str = ""


@dataclass(frozen=True, eq=False)
class Explanation:
    """A worked example; `str` gives the text.

    Attributes
    ----------
    board : Board
        What is written, before it is text, LaTeX or HTML.
    trace : Trace
        Every number of it.
    weight : WeightGradient or None
        The gradient of the weight that is worked out.
    weight_name : str
        Its name.
    """

    board: Board
    trace: Trace
    weight: WeightGradient | None
    weight_name: str = field(default="")

    def as_text(self) -> str:
        """Return plain text."""
        return as_text(self.board)

    def as_latex(self) -> str:
        """Return a fragment of LaTeX, which needs amsmath."""
        return as_latex(self.board)

    def as_html(self) -> str:
        """Return a fragment of HTML."""
        return as_html(self.board)

    def in_format(self, name: str) -> str:
        """Return it as "text", "latex" or "html".

        Raises
        ------
        OptionError
            For any other format.
        """
        if name not in FORMATS:
            raise not_known("format", name, FORMATS)
        return getattr(self, f"as_{name}")()

    def __str__(self) -> str:
        return self.as_text()

    def _repr_html_(self) -> str:
        return self.as_html()

    def _repr_latex_(self) -> str:
        return self.as_latex()


def explain(
    trace: Trace,
    *,
    weight: str | None = None,
    story: Story | None = None,
    show_all: bool = False,
) -> Explanation:
    """Return the worked example of a trace of one row.

    Parameters
    ----------
    trace : Trace
        Of one row; with an optimizer the update is shown, too.
    weight : str, optional
        Which weight's gradient is worked out, such as "hidden1[0] <- petal_length" or
        "output[0] <- bias"; the one of the largest gradient if not given.
    story : Story, optional
        What only the owner of the row knows.
    show_all : bool, default=False
        Write out every unit and every term of wide layers, too.

    Returns
    -------
    Explanation

    Raises
    ------
    OptionError
        If there is no such weight, or the trace is of several rows.

    Examples
    --------
    >>> from chainrule.engine import Dense, FeedForward, SquaredError, make_key, sigmoid
    >>> from chainrule.inspection.tracing.trace import trace
    >>> network = FeedForward((Dense(2), sigmoid, Dense(1)))
    >>> params = network.init(make_key(0), 2)
    >>> seen = trace(network, params, [[1.0, 0.0]], [[1.0]], objective=SquaredError())
    >>> print(str(explain(seen, weight="hidden1[0] <- x[0]")).splitlines()[2])
    Step 1. The inputs come in
    """
    n_rows = len(trace["x"])
    if n_rows != 1:
        raise OptionError(f"explain takes the trace of one row, got {n_rows}. Trace one row alone.")
    story = story or Story()
    chosen = strongest_weight(trace) if weight is None else find_weight(trace, weight)
    room = Room(show_all, chosen)
    steps = (
        Section("Step 1. The inputs come in", _inputs(trace, story, room)),
        Section(
            "Step 2. Forward: every unit sums what it hears, and answers",
            forward_parts(trace, room),
        ),
        Section("Step 3. The error: what came out beside what should have", _error(trace, story)),
        Section(
            "Step 4. Backward: the error returns, and the weights move", _backward(trace, room)
        ),
    )
    gradient = None
    if chosen is not None:
        gradient = _gradient(trace, chosen)
    name = "" if chosen is None else name_of(trace, chosen)
    return Explanation(Board(story.title, tuple(story.about), steps), trace, gradient, name)


def _gradient(trace: Trace, chosen: Weight) -> WeightGradient:
    return weight_gradient(trace, chosen.place, chosen.i, chosen.j, array=chosen.array)


def _inputs(trace: Trace, story: Story, room: Room) -> tuple[Part, ...]:
    names, x = trace.layers[0].inputs, trace["x"][0]
    if not story.cells:
        kept, words = room.inputs(trace, names, x)
        rows = tuple((Name(names[i]), float(x[i])) for i in kept)
        return (Part("", (Table(("input", "value"), rows), *words)),)
    of = {name: i for i, name in enumerate(names)}
    kept, words = room.inputs(trace, names, x)
    shown = {names[i] for i in kept}
    rows, rest = [], []
    for cell in story.cells:
        told = [each for each in cell.becomes if each[0] in shown and each[0] in of]
        for k, (name, how, value) in enumerate(told):
            first = (Name(cell.column), Name(cell.raw)) if k == 0 else ("", "")
            rows.append((*first, Name(name), how, float(value)))
        if told and cell.rest:
            rest.append(Words(cell.rest))
    table = Table(("column", "cell", "input", "how", "value"), tuple(rows))
    return (Part("", (table, *rest, *words)),)


def _error(trace: Trace, story: Story) -> tuple[Part, ...]:
    last = trace.layers[-1]
    z, y, said = trace[last.out][0], trace["y"][0], trace["ŷ"][0]
    blocks: list[Block] = []
    if story.target:
        blocks.append(Words(story.target))
    formulas = [trace.step(name) for name in ("ŷ", "ℓ", f"d{last.out}")]
    if len(said) == len(z) == len(y):
        heading = ("output", last.out, "ŷ", "target y", f"d{last.out}")
        delta = trace[f"d{last.out}"][0]
        columns = [row.tolist() for row in (z, said, y, delta)]
        names = map(Name, last.units)
        blocks.append(Table(heading, tuple(zip(names, *columns, strict=True))))
    else:  # several quantiles of one target
        targets = ", ".join(f"{value:g}" for value in y)
        delta = trace[f"d{last.out}"][0]
        rows = zip(map(Name, last.units), z.tolist(), delta.tolist(), strict=True)
        blocks += [
            Table(("output", last.out, f"d{last.out}"), tuple(rows)),
            Words(f"y = {targets}"),
        ]
    if story.prediction:
        blocks.append(Words(story.prediction))
    for step in formulas:
        left, _, right = step.formula.partition(" = ")
        left_latex, _, right_latex = step.latex.partition(" = ")
        right, right_latex = _without_share(right, right_latex)
        sides: list[Expression] = [(Formula(right, right_latex),)]
        if step.quantity == "loss of rows":
            sides.append((float(step.values[0]),))
        blocks.append(Equation((Formula(left, left_latex),), tuple(sides)))
    counts = len(y)
    if "K" in formulas[1].formula.split() or "K)" in formulas[2].formula:
        blocks.append(Words(f"K = {counts}, the number of outputs."))
    return (Part("", tuple(blocks)),)


def _without_share(text: str, latex: str) -> tuple[str, str]:
    """Leave out the share of the row, which is 1 where there is one."""
    if text.startswith("share · "):
        text, latex = text.removeprefix("share · "), latex.removeprefix("s_n ")
        if text.startswith("(") and text.endswith(")"):
            text = text[1:-1]
        if latex.startswith("(") and latex.endswith(")"):
            latex = latex[1:-1]
    return text, latex


def _backward(trace: Trace, room: Room) -> tuple[Part, ...]:
    parts = list(backward_part(trace, room))
    if room.chosen is not None:
        parts.append(weight_part(trace, room.chosen, _gradient(trace, room.chosen)))
        parts.append(gradient_part(trace, room))
    return tuple(parts)
