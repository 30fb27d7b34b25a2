"""The page "Coming from scikit-learn" is true of both libraries as they are installed."""

import ast
import inspect
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn import neural_network as theirs
from sklearn.exceptions import ConvergenceWarning

import chainrule as ours

pytestmark = pytest.mark.scikit_learn

PAGE = (Path(__file__).parents[1] / "docs/from-scikit-learn.md").read_text()
KINDS = ("MLPClassifier", "MLPRegressor")
X = np.random.default_rng(0).normal(size=(80, 3))
Y = {"MLPClassifier": X[:, 0] > 0, "MLPRegressor": X[:, 0]}


def section(title):
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def rows(title):
    """The cells of the rows of a section's tables, headings and rules left out."""
    lines = re.findall(r"^\| (`.*) \|$", section(title), re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def parameters(library, kind):
    return inspect.signature(getattr(library, kind)).parameters


def names(cells):
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_parameters_with_the_defaults_of_both(kind):
    stated = {cells[0].strip("`"): cells[1:] for cells in rows("The same: parameters")}
    for name, (default_there, default_here) in stated.items():
        assert ast.literal_eval(default_there.strip("`")) == parameters(theirs, kind)[name].default
        assert ast.literal_eval(default_here.strip("`")) == parameters(ours, kind)[name].default
    assert set(parameters(theirs, kind)) - {"loss"} == set(stated)


def test_all_that_is_new_is_listed_with_its_default():
    stated = {cells[0].strip("`"): cells[1].strip("`") for cells in rows("New")}
    new = {}
    for kind in KINDS:
        known = parameters(theirs, "MLPClassifier")
        new |= {n: p.default for n, p in parameters(ours, kind).items() if n not in known}
    assert {name: ast.literal_eval(default) for name, default in stated.items()} == new


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("early", [False, True])
def test_attributes_and_methods_of_a_fitted_model(kind, early):
    options = {
        "hidden_layer_sizes": (4,),
        "max_iter": 3,
        "early_stopping": early,
        "n_iter_no_change": 5,
    }
    fitted = getattr(ours, kind)(**options).fit(X, Y[kind])
    stated = names(cells[0] for cells in rows("The same: attributes and methods"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer = getattr(theirs, kind)(**options).fit(X, Y[kind])
    public = {name for name in dir(peer) if re.fullmatch(r"[a-z]\w*[^_]_", name)} | {"fit", "score"}
    assert public <= set(stated), public - set(stated)
    only_classifiers = {"classes_", "predict_proba", "predict_log_proba"}
    for name in stated:
        if name == "feature_names_in_" or (kind == "MLPRegressor" and name in only_classifiers):
            continue
        assert hasattr(fitted, name), name
        value, peers = getattr(fitted, name), getattr(peer, name, None)
        if isinstance(peers, int | str | float) or peers is None:
            assert type(value) is type(peers) or np.isscalar(value), (name, value, peers)
        if isinstance(peers, list):
            assert len(value) == len(peers), name


@pytest.mark.parametrize("name", ["solver", "activation"])
def test_more_names_are_known_where_the_page_says_so(name):
    new = {"solver": ["adamw", "rmsprop", "gradient-descent"], "activation": ["gelu", "mish"]}
    for value in new[name]:
        ours.MLPRegressor((4,), max_iter=1, **{name: value}).fit(X, Y["MLPRegressor"])
        assert name == "activation" or f'"{value}"' in PAGE
    with pytest.raises(ValueError, match=name):
        theirs.MLPRegressor(**{name: new[name][0]}).fit(X, Y["MLPRegressor"])
