"""What all displays share: drawn on an axis that is given, or on a figure of their own.

A display holds the numbers of a picture; `plot` draws them.  As in scikit-learn,
`from_estimator` and `from_predictions` make one and draw it.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from chainrule.report.style import new_figure, plain
from chainrule.report.svg import svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Display:
    """A picture with the manners of scikit-learn's displays.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : matplotlib.axes.Axes
        Where it was drawn last.
    """

    _size: ClassVar[tuple[float, float]] = (4.6, 3.4)  # inches

    figure_: Any
    ax_: "Axes"

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the picture, on `ax` or on a figure of its own, and return the display."""
        if ax is None:
            _, (drawn,) = new_figure(1, *self._size_of())
        else:
            drawn = ax
            plain(drawn)
        self._draw(drawn)
        self.figure_, self.ax_ = drawn.figure, drawn
        return self

    def _size_of(self) -> tuple[float, float]:
        return self._size

    def _draw(self, ax: "Axes") -> None:
        raise NotImplementedError

    def _repr_svg_(self) -> str | None:
        """Show the picture in a notebook, once it is drawn."""
        return svg_of(self.figure_) if hasattr(self, "figure_") else None
