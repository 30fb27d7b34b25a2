"""What every estimator has that holds a `Fitted`: its attributes, the engine's view, its file."""

from operator import attrgetter
from pathlib import Path
from typing import Any

from sklearn.utils.validation import check_is_fitted

from chainrule.predicting.fitted import Fitted
from chainrule.predicting.links import link_of


class HoldsFitted:
    """What reads the record that `fit` leaves as `fitted_`; see the module."""

    fitted_: Fitted

    def _rebuilt(self) -> Any:
        """Return the engine's network anew: none is in a file."""
        raise NotImplementedError

    def _check_options(self) -> None:
        """Refuse parameters that no table could make right."""
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fitted_")

    coefs_ = property(attrgetter("fitted_.network.coefs"))
    intercepts_ = property(attrgetter("fitted_.network.intercepts"))
    history_ = property(attrgetter("fitted_.history"))

    @property
    def n_layers_(self) -> int:
        return len(self.coefs_) + 1

    @property
    def n_outputs_(self) -> int:
        return int(self.coefs_[-1].shape[1])

    @property
    def out_activation_(self) -> str | None:
        return link_of(self.fitted_.network.link).activation

    @property
    def network_(self) -> Any:
        """The engine's network."""
        return self._rebuilt() if self.fitted_.engine is None else self.fitted_.engine

    @property
    def params_(self) -> Any:
        """The parameters as the engine's network has them."""
        from chainrule.fitting.conversion import engine_params  # JAX only when it is asked for

        return engine_params(self.fitted_.network, self.network_.layers)

    def save(self, path: str | Path) -> Path:
        """Write the model to one safe file; see `chainrule.load`.

        Raises
        ------
        OptionError
            If the network or a parameter is an object of your own, which no file can hold.
        """
        from chainrule.storage.save import save  # what only a few need

        check_is_fitted(self)  # pyright: ignore[reportArgumentType]
        parameters = self.get_params(deep=False)  # pyright: ignore[reportAttributeAccessIssue]
        return save(self.fitted_, type(self).__name__, parameters, path)
