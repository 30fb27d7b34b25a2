"""What hidden units answer over two columns of a table: the features that a network made itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report.display import Display
from chainrule.report.grid import Grid, make_grid
from chainrule.report.style import (
    INK,
    TRAINING,
    VALIDATION,
    draw_image,
    labelled,
    plain,
    tinted,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_UNITS, ACROSS, RESOLUTION = 16, 4, 40


def responses_figure(
    model: Any, X: Any, columns: Sequence[str | int], layer: int | None = None
) -> "Figure":
    """Draw the activations of hidden units over two columns, a small panel for each unit.

    How to read it: each panel is one unit, blue where it answers above zero and orange where below,
    stronger where it answers more; the lines are the contours, and the network's decision is a
    weighted sum of these pictures.

    Parameters
    ----------
    model : estimator
        Of chainrule, fitted.
    X
        Rows; they say where the grid lies.
    columns : two of str or int
        Number columns, by name or place.
    layer : int, optional
        1 for the first hidden layer; the last one if not given.
    """
    return HiddenResponseDisplay.from_estimator(model, X, columns=columns, layer=layer).figure_


@dataclass(eq=False)
class HiddenResponseDisplay(Display):
    """Activations of the units of a hidden layer over two columns of a table.

    Parameters
    ----------
    grid : Grid
        The two columns, the others held at their median or commonest value.
    responses : array of shape (n_units, n_y, n_x)
        Activations.
    names : list of str
        Of the units.
    n_units : int
        How many the layer has.

    Attributes
    ----------
    axes_ : list of matplotlib.axes.Axes
        The panels.

    Examples
    --------
    >>> from chainrule import HiddenResponseDisplay, MLPClassifier, datasets
    >>> iris = datasets.load("iris")
    >>> model = MLPClassifier((6,), max_iter=20, random_state=0)
    >>> X, y = iris.drop("species"), iris["species"]
    >>> pair = ["petal_length", "petal_width"]
    >>> display = HiddenResponseDisplay.from_estimator(model.fit(X, y), X, columns=pair)
    >>> display.responses.shape
    (6, 40, 40)
    """

    grid: Grid
    responses: np.ndarray
    names: list[str]
    n_units: int

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        *,
        columns: Sequence[str | int],
        layer: int | None = None,
        resolution: int = RESOLUTION,
        ax: "Axes | None" = None,
    ) -> "HiddenResponseDisplay":
        """Let the units answer and draw it; of more than 16 units, those that vary most.

        Raises
        ------
        OptionError, DataError
            If there is no such layer, or `columns` are not two different columns of numbers.
        """
        grid = make_grid(X, columns, resolution, model)
        answers = np.asarray(model.transform(grid.table, layer=layer), np.float64)
        names = list(model.get_feature_names_out(layer=layer))
        chosen = np.sort(np.argsort(-answers.std(axis=0), kind="stable")[:MOST_UNITS])
        responses = answers.T[chosen].reshape(len(chosen), len(grid.ys), len(grid.xs))
        return cls(grid, responses, [names[i] for i in chosen], len(names)).plot(ax)

    def _size_of(self) -> tuple[float, float]:
        across = min(len(self.names), ACROSS)
        return max(1.55 * across, 3.2) + 0.4, 1.5 * -(-len(self.names) // ACROSS) + 0.6

    def _draw(self, ax: "Axes") -> None:
        ax.grid(False)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        across = min(len(self.names), ACROSS)
        down = -(-len(self.names) // across)
        largest = float(np.abs(self.responses).max()) or 1.0
        self.axes_ = []
        for i, (name, response) in enumerate(zip(self.names, self.responses, strict=True)):
            row, column = divmod(i, across)
            place = (column / across, 1 - (row + 1) / down, 0.92 / across, 0.84 / down)
            self.axes_.append(ax.inset_axes(place))
            self._draw_unit(self.axes_[-1], words(name, 16), response, largest)
        some = "" if len(self.names) == self.n_units else f" of {self.n_units} that vary most"
        title = f"{len(self.names)} hidden units{some}; the strongest tint is ±{largest:.2g}"
        labelled(ax, title, *(words(each) for each in self.grid.names))

    def _draw_unit(self, ax: "Axes", name: str, response: np.ndarray, largest: float) -> None:
        from matplotlib.colors import to_rgb

        plain(ax)
        ax.grid(False)
        above, below = np.array(to_rgb(TRAINING)), np.array(to_rgb(VALIDATION))
        colours = np.where((response > 0)[..., None], above, below)
        image = tinted(colours, np.abs(response) / largest)
        draw_image(ax, image, self.grid.extent)
        levels = np.linspace(response.min(), response.max(), 6)[1:-1]
        if np.ptp(response) > 1e-6 * largest:
            # a line at the level of a flat part, as relu has one, would follow its rounding errors
            ax.contour(self.grid.xs, self.grid.ys, response, levels, colors=INK, linewidths=0.6)
        labelled(ax, name)
        ax.title.set_fontsize(8)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(True)
