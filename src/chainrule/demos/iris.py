"""The iris network of the tutorials: 4-2-3 sigmoid, no bias, full-matrix gradient descent.

It prints what the tutorials print, to the last digit, and then what they do not say.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from chainrule.data import load
from chainrule.engine import (
    Accuracy,
    Dense,
    FeedForward,
    GradientDescent,
    SquaredError,
    Trained,
    predict,
    sigmoid,
    train,
)

ITERATIONS, LEARNING_RATE = 5000, 0.1

Say = Callable[..., None]


def tutorial_split() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return training inputs and one-hot classes, then those of the 20 test rows."""
    iris = load("iris")
    x, species = iris.drop("species").to_numpy(), iris["species"].to_numpy()
    classes = (species[:, None] == np.unique(species)[None, :]).astype(float)
    order = np.random.RandomState(4).permutation(
        150
    )  # train_test_split(test_size=20, random_state=4)
    test, training = order[:20], order[20:]
    return x[training], classes[training], x[test], classes[test]


def tutorial_network() -> FeedForward:
    """Return the network with the weights that seed 10 draws."""
    random = np.random.RandomState(10)
    w1, w2 = random.normal(scale=0.5, size=(4, 2)), random.normal(scale=0.5, size=(2, 3))
    hidden, output = Dense(2, bias=False, weights=w1), Dense(3, bias=False, weights=w2)
    return FeedForward((hidden, sigmoid, output, sigmoid))


def train_tutorial_network(divisor: Literal["elements", "rows"]) -> Trained:
    """Train as the tutorials do; N is the number of elements of the target (390) or rows (130)."""
    x, y, x_test, y_test = tutorial_split()
    return train(
        tutorial_network(),
        SquaredError(half=True, over=divisor),
        x,
        y,
        validation=(x_test, y_test),
        optimizer=GradientDescent(LEARNING_RATE),
        batch_size=None,
        n_epochs=ITERATIONS,
        metrics={"mse": SquaredError(half=True, over="elements"), "accuracy": Accuracy(0.5)},
        dtype="float64",
    )


def show(say: Say, folder: Path) -> None:
    """Tell the story on `say`, and draw its figures into `folder`."""
    elements, rows = train_tutorial_network("elements"), train_tutorial_network("rows")
    say("Network", "4 inputs → 2 sigmoid → 3 sigmoid, no bias, 14 weights, float64")
    say("Training", f"{ITERATIONS} full-matrix steps of gradient descent, rate {LEARNING_RATE}")
    say("Rows", "130 for training, 20 for testing (20 rows, not 20 %; not stratified)")
    print()
    say("Printed", "in the tutorials, and here:")
    _say_run(say, "N = 390", elements)
    _say_run(say, "N = 130", rows)
    print()
    _say_what_was_wrong(say, elements)
    print()
    history = _say_defaults(say)
    _draw(folder, elements, rows, history)


def _say_run(say: Say, label: str, trained: Trained) -> None:
    last = trained.history["mse"][ITERATIONS - 1]  # the tutorials record before each update
    right = round(130 * trained.history["accuracy"][ITERATIONS - 1])
    x_test, y_test = tutorial_split()[2:]
    outputs = predict(tutorial_network(), SquaredError(), trained.params, x_test)
    accuracy = (outputs.argmax(axis=1) == y_test.argmax(axis=1)).mean()
    say(
        label,
        f"mean squared error {last:.15f}",
        f"training accuracy {right}/130 = {right / 130:.3f}",
        f"test accuracy {accuracy:.2f}".rstrip("0"),
    )


def _say_what_was_wrong(say: Say, trained: Trained) -> None:
    training, test = trained.history["accuracy"], trained.history["val_accuracy"]
    best = int(training.argmax())
    say(
        "Honestly",
        "1. As printed the program does not run: the classes are numbers 0, 1, 2, but the network",
        "   has three outputs. They must be one-hot rows first (done here).",
        "2. It collects results with DataFrame.append, which pandas removed in version 2.",
        "3. N = y_train.size counts the 390 elements of the one-hot target, not the 130 rows. With",
        "   390 the step is the exact gradient of the error that is printed; with 130 it is three",
        "   times as long, and the same 5000 steps get further: 0.95 instead of 0.8.",
        f"4. 0.8 is where it happened to stop. After {best} steps the very same run had "
        f"{test[best]:.2f}",
        f"   on the test rows and {training[best]:.3f} on the training rows; then the accuracy",
        "   fell, although the error kept falling. In the end every versicolor among the test rows",
        "   is taken for a virginica.",
        "5. The inputs are not scaled, and without biases no unit can move its threshold.",
    )


def _say_defaults(say: Say) -> dict[str, np.ndarray]:
    from sklearn.model_selection import StratifiedKFold, cross_val_score  # only for the comparison

    from chainrule.models.mlp import MLPClassifier

    x, y, x_test, y_test = tutorial_split()
    model = MLPClassifier(random_state=0).fit(x, y.argmax(axis=1))
    accuracy = model.score(x_test, y_test.argmax(axis=1))
    iris = load("iris")
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    scores = cross_val_score(
        MLPClassifier(random_state=0), iris.drop("species"), iris["species"], cv=folds
    )
    say(
        "Today",
        "MLPClassifier() with its defaults: scaled inputs, biases, cross-entropy, Adam",
        f"the same 20 test rows: {accuracy:.2f} after {model.n_iter_} epochs",
        f"10-fold cross-validation on all 150 rows: {scores.mean():.3f} ± {scores.std():.3f}",
    )
    return model.history_


def _draw(folder: Path, elements: Trained, rows: Trained, history: dict[str, Any]) -> None:
    # needs the extra `report`
    from chainrule.report.curves import iteration_curves, learning_curves
    from chainrule.report.style import save_figure

    def lines(name: str) -> dict[str, np.ndarray]:
        return {f"N = {n}": t.history[name][:-1] for n, t in ((390, elements), (130, rows))}

    figure = iteration_curves(
        {
            "Mean Squared Error": lines("mse"),
            "Accuracy": lines("accuracy"),
            "Accuracy on the 20 test rows": lines("val_accuracy"),
        }
    )
    save_figure(figure, folder, "tutorial_iris")
    save_figure(learning_curves(history), folder, "todays_defaults")
