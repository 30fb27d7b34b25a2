"""Permutation importance: how much worse a model is when one column of the table is shuffled.

    importance of a column = score(X, y) - score(X with the column's cells in another order, y)

A whole column of the user's table is shuffled, before any encoding.  scikit-learn's function of the
same name turns frames other than pandas' into arrays without names; this one keeps them.
Reference: Breiman (2001), Machine Learning 45:5-32, section 10.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import Columns, as_columns
from chainrule.errors import OptionError
from chainrule.report.display import Display
from chainrule.report.style import INK, MOST_POINTS, TRAINING, labelled, some_rows, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COLUMNS = 15


def importance_figure(model: Any, X: Any, y: Any, **options: Any) -> "Figure":
    """Draw the permutation importance of every column of a table.

    How to read it: a bar says how much the score falls when that column alone is shuffled, its
    thin line the spread over the shuffles; a bar near zero is a column the model can do without, or
    one that another column can stand in for.

    Parameters
    ----------
    model : estimator
        Fitted.
    X, y
        Rows that did not train, and their true targets.
    **options
        As `PermutationImportanceDisplay.from_estimator` takes them.
    """
    return PermutationImportanceDisplay.from_estimator(model, X, y, **options).figure_


@dataclass(eq=False)
class PermutationImportanceDisplay(Display):
    """How much a model's score falls when a column is shuffled.

    Parameters
    ----------
    importances : array of shape (n_columns, n_repeats)
        The fall of the score at every shuffle.
    names : list of str
        Of the columns.
    score : float
        Of the table as it is.
    score_name : str
        What is measured.

    Examples
    --------
    >>> from chainrule import MLPClassifier, PermutationImportanceDisplay, datasets
    >>> iris = datasets.load("iris")
    >>> X, y = iris.drop("species"), iris["species"]
    >>> model = MLPClassifier((8,), max_iter=50, random_state=0).fit(X, y)
    >>> display = PermutationImportanceDisplay.from_estimator(model, X, y)
    >>> display.names[display.importances.mean(axis=1).argmax()].startswith("petal")
    True
    """

    importances: np.ndarray
    names: list[str]
    score: float
    score_name: str

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        y: Any,
        *,
        scoring: Any = None,
        n_repeats: int = 5,
        max_rows: int = MOST_POINTS,
        random_state: int = 0,
        ax: "Axes | None" = None,
    ) -> "PermutationImportanceDisplay":
        """Shuffle every column in turn, score, and draw it.

        Parameters
        ----------
        model : estimator
            Fitted; a pipeline will do.
        X, y
            Rows that did not train, and their true targets.
        scoring : str or callable, optional
            A scorer as scikit-learn has them; the model's own `score` if not given.
        n_repeats : int, default=5
            Shuffles of every column.
        max_rows : int, default=2000
            Of more rows, so many are drawn at random.
        random_state : int, default=0
            Decides the shuffles.

        Raises
        ------
        OptionError
            If `n_repeats` is below 1, or scikit-learn knows no such scorer.
        """
        if n_repeats < 1:
            raise OptionError(f"n_repeats={n_repeats!r} must be a whole number, 1 or more.")
        # JAX, which drawing known numbers does without
        from chainrule.fitting.watching import as_scorer

        scorer = as_scorer(model, scoring)
        table = as_columns(X)
        rows, _ = some_rows(table.n_rows, max_rows)
        table, y = table.take(rows), np.asarray(y)[rows]
        score = float(scorer(model, _native(table), y))
        rng = np.random.default_rng(random_state)
        falls = [
            [score - float(scorer(model, _shuffled(table, name, rng), y)) for _ in range(n_repeats)]
            for name in table.names
        ]
        return cls(np.array(falls), list(table.names), score, _called(model, scoring)).plot(ax)

    @property
    def order(self) -> np.ndarray:
        """The places of the columns, the most important one first."""
        return np.argsort(-self.importances.mean(axis=1), kind="stable")

    def _size_of(self) -> tuple[float, float]:
        return 4.8, 1.1 + 0.26 * min(len(self.names), MOST_COLUMNS)

    def _draw(self, ax: "Axes") -> None:
        shown = self.order[:MOST_COLUMNS]
        means, spreads = self.importances[shown].mean(axis=1), self.importances[shown].std(axis=1)
        places = np.arange(len(shown))
        ax.barh(
            places,
            means,
            0.7,
            xerr=spreads,
            color=TRAINING,
            alpha=0.75,
            linewidth=0,
            error_kw={"ecolor": INK, "elinewidth": 1, "capsize": 2},
        )
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.set_yticks(places, [words(self.names[i], 24) for i in shown])
        ax.invert_yaxis()
        ax.grid(False, axis="y")
        more = len(self.names) - len(shown)
        title = "Permutation importance" + (f", {more} more columns below" if more else "")
        labelled(ax, title, f"fall of {self.score_name} from {self.score:.3g}")


def _called(model: Any, scoring: Any) -> str:
    from sklearn.base import is_classifier

    if scoring is not None:
        name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "the score")
        return words(name.replace("_", " "))
    return "the accuracy" if is_classifier(model) else "R²"


def _native(table: Columns) -> Any:
    return table.array if table.frame is None else table.frame.to_native()


def _shuffled(table: Columns, name: str, rng: np.random.Generator) -> Any:
    """Return the table with the cells of one column in another order."""
    order, place = rng.permutation(table.n_rows), table.names.index(name)
    if table.array is not None:
        array = table.array.copy()
        array[:, place] = array[order, place]
        return array
    assert table.frame is not None
    column = table.frame[:, place]
    return table.frame.with_columns(column[order.tolist()]).to_native()
