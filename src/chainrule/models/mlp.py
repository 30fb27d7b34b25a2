"""Multi-layer perceptrons with the manners of scikit-learn: the engine, for people with tables.

`fit` goes through every room: rows are held out, columns encoded as the training rows ask, the
engine trains, and predictions come back as classes or in the target's own units.
"""

from collections.abc import Sequence
from typing import Any, Self

from sklearn.utils.metaestimators import available_if

from chainrule.errors import OptionError
from chainrule.models.base import BaseMLP
from chainrule.models.parameters import NetworkParameters, takes_batches, with_parameters_of
from chainrule.models.predicting import Classifies, Regresses


class MLPClassifier(Classifies, BaseMLP):
    """Classifier: a feed-forward network with cross-entropy, trained by backpropagation.

    Takes two classes or more, several yes/no labels at once (columns of 0 and 1), or several class
    targets (other columns).  Parameters are those of `BaseMLP`, and

    Parameters
    ----------
    class_weight : dict, "balanced" or list of dict, optional
        Weights of classes, which multiply those of rows; "balanced" makes all classes count alike.
        A list for several targets.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The classes, sorted; for labels their places, for several targets a list of arrays.

    Examples
    --------
    >>> from chainrule import MLPClassifier, datasets
    >>> iris = datasets.load("iris")
    >>> model = MLPClassifier(random_state=0).fit(iris.drop("species"), iris["species"])
    >>> model.score(iris.drop("species"), iris["species"]) > 0.95
    True
    """

    @with_parameters_of(NetworkParameters)
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Any = "relu",
        *,
        class_weight: Any = None,
        **parameters: Any,
    ) -> None:
        BaseMLP.__init__(self, hidden_layer_sizes, activation, **parameters)
        self.class_weight = class_weight

    @available_if(takes_batches)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Go through these rows once, from where the weights are, at a constant rate.

        The first call decides the columns, their scaling and the classes, as `fit` would; later
        calls keep them, and the optimizer's state.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array-like, optional
            All classes that will ever come; needed in the first call (a list for several targets).

        Returns
        -------
        self

        Raises
        ------
        DataError, ShapeError, OptionError
            If the rows cannot be used, or no classes were given.
        """
        if classes is None and not self.__sklearn_is_fitted__():
            raise OptionError(
                "classes must be passed on the first call to partial_fit: all that will ever come. "
                "Give classes=np.unique(y) of the whole target."
            )
        return self._one_pass(X, y, sample_weight, classes)


class MLPRegressor(Regresses, BaseMLP):
    """Regressor: a feed-forward network for one number or several, trained by backpropagation.

    Losses are measured on the scaled target; "poisson" is for counts, and does not scale them.
    Parameters are those of `BaseMLP`, and

    Parameters
    ----------
    quantile : float or sequence of float, default=0.5
        Levels that `loss="quantile"` learns, ascending, each between 0 and 1.

    Examples
    --------
    >>> from chainrule import MLPRegressor, datasets
    >>> table = datasets.load("diabetes")
    >>> X, y = table.drop("progression"), table["progression"]
    >>> MLPRegressor((16,), max_iter=50, random_state=0).fit(X, y).predict(X[:2]).shape
    (2,)
    """

    @with_parameters_of(NetworkParameters)
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Any = "relu",
        *,
        quantile: float | Sequence[float] = 0.5,
        **parameters: Any,
    ) -> None:
        BaseMLP.__init__(self, hidden_layer_sizes, activation, **parameters)
        self.quantile = quantile

    @available_if(takes_batches)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go through these rows once, from where the weights are, at a constant rate.

        The first call decides the columns and their scaling, and that of the target, as `fit`
        would; later calls keep them, and the optimizer's state.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        self

        Raises
        ------
        DataError, ShapeError, OptionError
            If the rows cannot be used.
        """
        return self._one_pass(X, y, sample_weight, None)
