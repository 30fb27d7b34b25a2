"""Every picture from real models: what is drawn equals the data, and what is saved stays small."""

import re
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure
from sklearn import inspection, metrics
from sklearn.calibration import CalibrationDisplay

import chainrule
from chainrule.data import InputEncoder
from chainrule.errors import DataError, OptionError, ShapeError
from chainrule.inspection.picture.network import heading
from chainrule.predicting.layers import ActivationSpec, DenseSpec, FixedPointSpec
from chainrule.report import reading
from chainrule.report.calibration import calibration_figure
from chainrule.report.curves import learning_curves
from chainrule.report.flow import PANELS, flow_figure
from chainrule.report.grid import make_grid
from chainrule.report.histograms import histogram_figure, layer_values
from chainrule.report.importance import importance_figure
from chainrule.report.predictions import confusion_figure, error_figure, scatter_figure
from chainrule.report.responses import responses_figure
from chainrule.report.settling import settling_curves, settling_report_figure
from chainrule.report.style import INK, new_figure, save_figure, svg_of
from chainrule.report.surface import surface_figure
from chainrule.report.thresholds import precision_recall_figure, roc_figure
from zoo import CANCER, FLOWERS, PATIENTS, from_zoo

PAIR = ["petal length (cm)", "petal width (cm)"]
SVG = "{http://www.w3.org/2000/svg}"


(X, Y), (DX, DY) = FLOWERS, PATIENTS


@pytest.fixture(scope="module")
def model():
    return from_zoo("flowers")


@pytest.fixture(scope="module")
def regressor():
    return from_zoo("patients")


@pytest.fixture(scope="module")
def settled():
    return from_zoo("settled")


@pytest.fixture(scope="module")
def cancer():
    return from_zoo("cancer"), CANCER.data[1::2], CANCER.target[1::2]


def flow_of(n_layers, epochs):
    fall = np.exp(-epochs / 30)
    return {f"layer{i}": {name: 10.0 ** (i - 4) * fall for name in PANELS} for i in range(n_layers)}


@pytest.fixture(scope="module")
def figures(model, regressor, settled):
    p, path = model.predict_proba(X), settled.settle_path(X[::15])
    matrix = metrics.confusion_matrix(Y, model.predict(X))
    return {
        "learning_curves": learning_curves(model.history_, model.best_iter_),
        "flow": flow_figure(flow_of(12, np.arange(60.0)), np.arange(60.0)),
        "histograms": histogram_figure(layer_values(model, X, Y)),
        "confusion_matrix": confusion_figure(matrix, model.classes_),
        "roc": roc_figure(Y, p, model.classes_),
        "precision_recall": precision_recall_figure(Y, p, model.classes_),
        "calibration": calibration_figure(Y, p, model.classes_),
        "predicted_against_true": scatter_figure(DY, regressor.predict(DX), "cost in $ or 2$"),
        "errors": error_figure(DY, regressor.predict(DX), "progression"),
        "decision_surface": surface_figure(regressor, DX, DY, ["bmi", "bp"]),
        "hidden_responses": responses_figure(model, X, PAIR, layer=1),
        "permutation_importance": importance_figure(model, X, Y, n_repeats=2),
        "settling": settling_curves(path.residuals, path.energies),
        "settling_report": settling_report_figure(settled.diagnose_settling(X)),
    }


def texts(figure):
    return [
        t.get_text() for ax in figure.axes for t in ax.findobj(lambda a: hasattr(a, "get_text"))
    ]


# All of them.


def test_every_picture_says_how_it_is_read(figures):
    assert set(reading.READING) == {*figures, "network"}
    for name, sentence in reading.READING.items():
        assert 60 < len(sentence) < 400, name
        assert sentence[0].isupper(), name
        assert sentence.count(". ") == 0, name  # one sentence
        assert sentence.endswith("."), name


def test_svgs_are_small_alike_each_time_and_never_clash(figures, model, settled):
    seen = {}
    for name, figure in figures.items():
        assert isinstance(figure, Figure)
        svg = svg_of(figure)
        assert len(svg) < 300_000, name
        assert svg_of(figure) == svg, name
        root = ET.fromstring(svg)
        assert root.tag == f"{SVG}svg"
        assert (root.get("role"), root.get("width")) == ("img", "100%")
        assert root[0].tag == f"{SVG}title"
        assert root[0].text
        assert root.find(f".//{SVG}style") is None
        assert INK not in svg, name
        assert "currentColor" in svg
        assert not re.search(r"#(000000|ffffff|fff|000)\b", svg), name  # nothing for one theme only
        ids = {e.get("id") for e in root.iter() if e.get("id")}
        assert ids == set(re.findall(r'(?:href="|url\()#(\w+)', svg)), name
        for other, theirs in seen.items():
            assert not ids & theirs, (name, other)
        seen[name] = ids
    for picture in (model.plot_network(), settled.plot_network()):
        assert len(picture.svg) < 60_000
        assert "id=" not in picture.svg


def test_the_user_s_names_are_text_and_nothing_else():
    figure = scatter_figure(np.arange(3.0), np.arange(3.0), "<b>$x^{</b> & $")
    svg = svg_of(figure)
    assert "true &lt;b&gt;$x^{&lt;/b&gt; &amp; $" in svg
    assert "<b>" not in svg
    long = scatter_figure(np.arange(3.0), np.arange(3.0), "n" * 99).axes[0].get_xlabel()
    assert len(long) < 40


def test_a_picture_of_the_same_numbers_is_the_same():
    p = np.random.default_rng(0).dirichlet(np.ones(3), 90)
    first, second = (roc_figure(np.arange(90) % 3, p, range(3)) for _ in range(2))
    assert svg_of(first) == svg_of(second)
    assert svg_of(first) != svg_of(roc_figure(np.arange(90) % 3, p[::-1], range(3)))


def test_files_are_written_alike_each_time(figures, tmp_path):
    first = [path.read_bytes() for path in save_figure(figures["roc"], tmp_path, "roc")]
    assert [path.read_bytes() for path in save_figure(figures["roc"], tmp_path, "roc")] == first


# One by one.


def test_training_curves_are_the_history(model):
    display = chainrule.TrainingCurveDisplay.from_estimator(model, measure="accuracy")
    lines = {line.get_label(): line for line in display.ax_.lines}
    np.testing.assert_array_equal(lines["training"].get_ydata(), model.history_["accuracy"])
    np.testing.assert_array_equal(lines["validation"].get_ydata(), model.history_["val_accuracy"])
    assert lines["kept"].get_xdata()[0] == model.best_iter_
    assert display._repr_svg_() == svg_of(display.figure_)
    with pytest.raises(OptionError, match='did you mean "accuracy"'):
        chainrule.TrainingCurveDisplay.from_estimator(model, measure="acuracy")


def test_flow_draws_every_layer_and_labels_stand_apart():
    epochs = np.arange(60.0)
    flow = flow_of(12, epochs)
    figure = flow_figure(flow, epochs)
    assert [ax.get_title() for ax in figure.axes] == list(PANELS.values())
    for ax, name in zip(figure.axes, PANELS, strict=True):
        lines = [line for line in ax.lines if line.get_label() != "_leader"]
        assert len(lines) == 12
        np.testing.assert_array_equal(lines[5].get_ydata(), flow["layer5"][name])
        heights = np.sort([text.get_position()[1] for text in ax.texts])
        assert len(heights) == 10  # of twelve layers
        assert np.diff(heights).min() > 0.08
        assert heights[-1] <= 1
        assert {"layer0", "layer11"} <= {text.get_text() for text in ax.texts}
        assert ax.get_yscale() == ("linear" if name in ("dead", "saturated") else "log")
    with pytest.raises(ShapeError, match="60 epochs"):
        flow_figure({"a": {"dead": np.zeros(3)}}, epochs)
    with pytest.raises(ShapeError, match="no series"):
        flow_figure({"a": {}}, epochs)


def test_histograms_hold_the_network_and_its_true_gradient():
    import jax

    fitted = from_zoo("normalised")
    values = layer_values(fitted, X, Y)
    assert list(values) == ["hidden1", "hidden2", "output"]
    np.testing.assert_array_equal(values["hidden2"]["weights"], fitted.coefs_[1].ravel())
    for i in (1, 2):
        expected = fitted.transform(X, layer=i)
        np.testing.assert_allclose(values[f"hidden{i}"]["activations"], expected, atol=1e-9)
    np.testing.assert_allclose(values["output"]["activations"], fitted.predict_proba(X), atol=1e-9)
    x, y = fitted.fitted_.encoder.transform(X, np.float64), fitted.fitted_.target.encode(Y)
    x, y, ones = map(jax.numpy.asarray, (x, y, np.ones(150)))
    objective = fitted.objective_

    def loss(params):
        return objective.value(fitted.network_.forward(params, x)[0], y, ones)

    referee = jax.jit(jax.grad(loss))(jax.tree.map(jax.numpy.asarray, fitted.params_))
    for layer, place in (("hidden1", 0), ("output", -1)):
        gradient = np.ravel(referee[place].weights)
        np.testing.assert_allclose(values[layer]["gradients"], gradient, atol=1e-9)


def test_histograms_of_a_network_that_settles(settled):
    values = layer_values(settled, X, Y)
    assert list(values) == ["hidden1", "output"]
    n_inputs = settled.input_coefs_.size
    assert values["hidden1"]["weights"].size == n_inputs + 36  # and those among the six units
    figure = histogram_figure(values)
    assert len(figure.axes) == 6
    first = figure.axes[0]
    assert sum(steps.get_data().values.sum() for steps in first.patches) == n_inputs + 36
    broken = histogram_figure({"a": {"weights": np.array([1.0, np.nan])}})
    assert "1 not finite" in "".join(texts(broken))
    deep = {f"hidden{i}": {"weights": np.arange(5.0)} for i in range(9)}
    titles = [ax.get_title() for ax in histogram_figure(deep).axes]
    assert titles == [f"hidden{i}: weights" for i in (0, 1, 2, 6, 7, 8)]


def test_the_confusion_matrix_shows_counts_and_shares():
    written = texts(confusion_figure(np.array([[3, 1], [0, 6]]), ["a", "b"]))
    assert {"3\n75%", "1\n25%", "0", "6\n100%"} <= set(written)


def test_scatters_draw_two_thousand_points_at_most_and_say_so():
    true = np.arange(5_000.0)
    [ax] = scatter_figure(true, true + 1, "y").axes
    points = ax.collections[0].get_offsets()
    assert len(points) == 2_000
    np.testing.assert_array_equal(points[:, 1] - points[:, 0], 1)
    assert "(2,000 of 5,000 rows)" in ax.get_title()


def test_errors_are_counted_each_once(regressor):
    display = chainrule.ErrorHistogramDisplay.from_estimator(regressor, DX, pl.Series("cost", DY))
    np.testing.assert_allclose(display.errors, regressor.predict(DX) - DY)
    assert sum(bar.get_height() for bar in display.ax_.patches) == len(DY)
    assert display.ax_.get_xlabel() == "predicted - true cost"
    with pytest.raises(ShapeError, match="one target"):
        chainrule.ErrorHistogramDisplay.from_predictions(DY, np.ones((len(DY), 2)))


def test_curves_over_thresholds_are_scikit_learns(model, cancer):
    p = model.predict_proba(X)
    display = chainrule.RocCurvesDisplay.from_estimator(model, X, Y)
    assert list(display.curves) == ["setosa", "versicolor", "virginica"]
    for k, (name, curve) in enumerate(display.curves.items()):
        assert curve[2] == pytest.approx(metrics.roc_auc_score(name == Y, p[:, k]))
    fitted, table, y = cancer
    score = fitted.predict_proba(table)[:, 1]
    [(x, rate, area, share)] = chainrule.RocCurvesDisplay.from_estimator(
        fitted, table, y
    ).curves.values()
    assert area == pytest.approx(metrics.roc_auc_score(y, score))
    np.testing.assert_array_equal(rate, metrics.roc_curve(y, score)[1])
    assert share == y.mean()
    display = chainrule.PrecisionRecallCurvesDisplay.from_estimator(fitted, table, y)
    assert display.curves["1"][2] == pytest.approx(metrics.average_precision_score(y, score))
    drawn = display.ax_.lines[0]
    np.testing.assert_array_equal(drawn.get_xdata(), display.curves["1"][0])


def test_curves_of_many_classes_and_of_too_few():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 13, 400)
    p = rng.dirichlet(np.ones(14), 400)  # the last class never comes
    display = chainrule.RocCurvesDisplay.from_predictions(y, p, classes=range(14))
    assert len(display.curves) == 10
    assert "10 of 14 classes" in display.ax_.get_title()
    styles = {(line.get_color(), str(line._dash_pattern)) for line in display.ax_.lines}
    assert len(styles) == 11  # and the diagonal
    with pytest.raises(DataError, match="at least two classes"):
        chainrule.RocCurvesDisplay.from_predictions(["a", "a"], np.eye(2), classes=["a", "b"])
    with pytest.raises(ShapeError, match=r"\(400, 13\).*got \(400, 14\)"):
        chainrule.RocCurvesDisplay.from_predictions(y, p)
    with pytest.raises(ShapeError, match="one target"):
        chainrule.ReliabilityDisplay.from_predictions(np.ones((4, 2)), [np.ones((4, 2))] * 2)


def test_calibration_counts_every_row(cancer):
    fitted, table, y = cancer
    display = chainrule.ReliabilityDisplay.from_estimator(fitted, table, y)
    score = fitted.predict_proba(table)[:, 1]
    assert display.counts.sum() == len(y)
    assert np.average(display.observed, weights=display.counts) == pytest.approx(y.mean())
    assert np.average(display.predicted, weights=display.counts) == pytest.approx(score.mean())
    written = [text.get_text() for text in display.ax_.texts]
    assert written == [f"{n:,}" for n in display.counts]


def test_calibration_of_more_classes_is_that_of_the_winner(model):
    display = chainrule.ReliabilityDisplay.from_estimator(model, X, Y)
    hits = np.average(display.observed, weights=display.counts)
    assert hits == pytest.approx(model.score(X, Y))
    sure = chainrule.ReliabilityDisplay.from_predictions([0, 1, 2], np.eye(3))
    assert (sure.error, sure.counts.tolist()) == (0, [3])


# Over two columns.


@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow", "array", "objects"])
def test_the_grid_holds_other_columns_at_middle_and_commonest(kind):
    table = pl.DataFrame(
        {
            "a": [0.0, 2.0, 4.0, None],
            "kind": ["x", "y", "y", None],
            "b": [1, 2, 3, 10],
            "c": [5.0, 1.0, None, 9.0],
        }
    )
    given = {
        "polars": table,
        "pandas": table.to_pandas().set_index(np.full(4, 7)),
        "arrow": table.to_arrow(),
        "array": table.drop("kind").to_numpy(),
        "objects": table.to_pandas().to_numpy(dtype=object),
    }[kind]
    columns = {"array": [1, 0], "objects": [2, 0]}.get(kind, ["b", "a"])
    grid = make_grid(given, columns, resolution=3)
    rows = np.array(grid.table if kind in ("array", "objects") else pl.DataFrame(grid.table))
    numbers = np.delete(rows, 1, axis=1) if kind != "array" else rows
    np.testing.assert_allclose(grid.xs, [0.55, 5.5, 10.45])
    np.testing.assert_allclose(numbers[:, 1].astype(float), np.tile(grid.xs, 3))
    np.testing.assert_allclose(numbers[:, 0].astype(float), np.repeat(grid.ys, 3))
    assert set(numbers[:, 2].tolist()) == {5.0}
    if kind != "array":
        assert set(rows[:, 1].tolist()) == {"y"}


def test_axes_must_be_two_columns_of_numbers(model):
    with pytest.raises(DataError, match=r'"bed" holds categories.*sepal length \(cm\)'):
        surface_figure(model, X, Y, ["bed", PAIR[0]])
    with pytest.raises(OptionError, match="two different"):
        surface_figure(model, X, Y, [PAIR[0]] * 2)
    with pytest.raises(DataError, match='did you mean "petal width'):
        surface_figure(model, X, Y, [PAIR[0], "petal widht (cm)"])
    with pytest.raises(DataError, match="no column 9"):
        surface_figure(model, X, Y, [0, 9])
    coded = X.with_columns(plot=pl.int_range(150) % 4)
    encoder = SimpleNamespace(
        fitted_=SimpleNamespace(encoder=InputEncoder.fit(coded, category=["plot"]))
    )
    with pytest.raises(DataError, match='"plot" holds categories'):
        make_grid(coded, ["plot", PAIR[0]], model=encoder)
    with pytest.raises(ShapeError, match="one target column"):
        surface_figure(model, X, np.ones((150, 2)), PAIR)


def test_the_surface_is_what_the_model_predicts(model):
    display = chainrule.DecisionSurfaceDisplay.from_estimator(
        model, X, Y, columns=PAIR, resolution=7
    )
    i, j = 2, 5  # up, to the right
    row = pl.DataFrame({name: [X[name].sort()[74]] for name in X.columns if name not in PAIR})
    row = row.with_columns(
        pl.lit(display.grid.xs[j]).alias(PAIR[0]), pl.lit(display.grid.ys[i]).alias(PAIR[1])
    ).with_columns(bed=pl.lit("clay"))
    held = display.grid.table[i * 7 + j]
    assert held.select(PAIR).rows() == row.select(PAIR).rows()
    assert held["bed"].to_list() == ["clay"]
    np.testing.assert_allclose(display.predictions[i, j], model.predict_proba(held)[0], rtol=1e-5)
    _, labels = display.ax_.get_legend_handles_labels()
    assert labels == ["setosa", "versicolor", "virginica"]
    drawn = np.concatenate([np.asarray(c.get_offsets()) for c in display.ax_.collections[-3:]])
    assert sorted(map(tuple, drawn)) == sorted(X.select(PAIR).rows())


def test_the_surface_of_numbers_has_contours_and_all_rows(regressor):
    display = chainrule.DecisionSurfaceDisplay.from_estimator(
        regressor, DX, DY, columns=["bmi", "s5"]
    )
    assert display.predictions.shape == (100, 100)
    assert len(display.ax_.collections[-1].get_offsets()) == len(DY)
    assert len(display.ax_.texts) > 3  # the levels are written on the lines


def test_hidden_units_answer_as_transform_says(model):
    figure, (ax, _) = new_figure(2)
    display = chainrule.HiddenResponseDisplay.from_estimator(
        model, X, columns=PAIR, layer=1, resolution=5, ax=ax
    )
    assert display.figure_ is figure
    assert len(display.axes_) == 16
    assert "16 hidden units of 20 that vary most" in ax.get_title()
    answers = model.transform(display.grid.table, layer=1)
    left_out = {f"hidden1_{i}" for i in range(20)} - set(display.names)
    spread = dict(zip(model.get_feature_names_out(layer=1), answers.std(axis=0), strict=True))
    assert max(spread[n] for n in left_out) <= min(spread[n] for n in display.names)
    k = int(display.names[3].split("_")[1])
    np.testing.assert_allclose(display.responses[3].ravel(), answers[:, k], rtol=1e-6)


# Permutation importance.


def test_importance_of_frames_of_every_kind_is_the_same(model):
    pandas = X.to_pandas().set_index(np.arange(150)[::-1])
    tables = (X, pandas, X.to_arrow())
    displays = [
        chainrule.PermutationImportanceDisplay.from_estimator(model, table, Y) for table in tables
    ]
    for display in displays:
        np.testing.assert_array_equal(display.importances, displays[0].importances)
    assert displays[0].score == model.score(X, Y)
    reference = inspection.permutation_importance(
        model, X.to_pandas(), Y, n_repeats=30, random_state=0
    )
    ours = chainrule.PermutationImportanceDisplay.from_estimator(model, X, Y, n_repeats=30)
    spread = reference.importances_std + 1e-3
    assert (np.abs(ours.importances.mean(axis=1) - reference.importances_mean) < spread).all()
    bars = [bar.get_width() for bar in ours.ax_.patches]
    assert bars == sorted(ours.importances.mean(axis=1), reverse=True)


def test_a_column_that_is_not_used_has_no_importance(model):
    table = X.with_columns(idle=pl.Series(np.arange(150.0)))  # a column more is ignored
    display = chainrule.PermutationImportanceDisplay.from_estimator(
        model, table, Y, scoring="neg_log_loss", n_repeats=2
    )
    assert (display.importances[display.names.index("idle")] == 0).all()
    assert (np.abs(display.importances[:4]) > 0).all()
    assert "neg log loss" in display.ax_.get_xlabel()
    with pytest.raises(OptionError, match="n_repeats"):
        importance_figure(model, X, Y, n_repeats=0)
    with pytest.raises(OptionError, match="no scorer"):
        importance_figure(model, X, Y, scoring="acuracy")


# Settling.


def test_settling_of_a_path_and_of_a_report(settled):
    path = settled.settle_path(X[::15])
    figure = settling_curves(path.residuals, path.energies)
    lines = figure.axes[0].lines
    assert len(lines) == 10
    residuals = path.residuals[:, 3]
    drawn = np.where(residuals > 0, residuals, np.nan)  # no place for zero on a logarithmic axis
    np.testing.assert_allclose(lines[3].get_ydata(), drawn)
    report = settled.diagnose_settling(X)
    [ax] = settling_report_figure(report).axes
    assert len(ax.lines) == 2 * len(report.curves)
    np.testing.assert_allclose(ax.lines[1].get_ydata(), report.curves[0].adjoint_residuals)
    assert "of 200 rows" in settling_curves(np.ones((3, 200))).axes[0].get_title()


# The network.


def test_the_network_names_its_units_and_tells_every_weight(model, tmp_path):
    picture = model.plot_network(most_units=5)
    root = ET.fromstring(picture.svg)
    titles = [e.text for e in root.iter(f"{SVG}title")][1:]
    weight = model.coefs_[0][1, 18]
    assert f"hidden1[18] <- sepal width (cm): {weight:.4g}" in titles
    assert f"output[virginica] <- hidden2[5]: {model.coefs_[2][5, 2]:.4g}" in titles
    assert len(root.findall(f".//{SVG}circle")) == 4 + 4 + 4 + 3  # wide layers are folded
    dashed = [line.get("stroke-dasharray") for line in root.iter(f"{SVG}line")][:-2]
    assert len(dashed) == 4 * 4 + 4 * 4 + 4 * 3
    shown = [0, 1, 18, 19], [0, 1, 4, 5]
    below = (model.coefs_[1][np.ix_(*shown)] < 0).sum()
    assert sum(d is not None for d in dashed[16:32]) == below
    assert picture.save(tmp_path / "net.svg").read_text(encoding="utf-8") == picture._repr_svg_()
    with pytest.raises(OptionError, match="3 or more"):
        model.plot_network(most_units=2)


def test_a_heading_says_what_stands_in_each_layer():
    hidden = DenseSpec(2, 3, True), ActivationSpec("relu"), FixedPointSpec(3, 4, "tanh")
    network = SimpleNamespace(layers=(*hidden, DenseSpec(4, 1, True)))
    fitted = SimpleNamespace(network=network, recipe={"activation": ["relu"]})
    model = SimpleNamespace(fitted_=fitted, activation="relu", out_activation_="identity")
    said = [heading(model, layer, (2, 3, 4, 1)) for layer in range(4)]
    assert said == ["2 inputs", "3 relu", "4 tanh that settle", "identity"]
    network.layers = ()  # of a user's own kinds the parameter tells
    assert heading(model, 1, (2, 3, 1)) == "3 relu"


def test_the_network_that_settles_shows_the_weights_among_its_units(settled):
    root = ET.fromstring(settled.plot_network().svg)
    cells = root.findall(f".//{SVG}rect")
    assert len(cells) == 34  # the mask leaves out two
    weight = settled.recurrent_coefs_[0, 1]
    assert cells[1][0].text == f"hidden1[1] <- hidden1[0]: {weight:.4g}"
    hollow = sum(cell.get("fill") == "none" for cell in cells)
    assert hollow == (settled.recurrent_coefs_ < 0).sum()


# scikit-learn's own displays.


def test_scikit_learns_displays_take_these_estimators(model, regressor, cancer):
    _, axes = new_figure(3)
    shown = metrics.ConfusionMatrixDisplay.from_estimator(model, X, Y, ax=axes[0])
    assert shown.confusion_matrix.trace() == (model.predict(X) == Y).sum()
    metrics.PredictionErrorDisplay.from_estimator(regressor, DX, DY, ax=axes[1])
    fitted, table, y = cancer
    CalibrationDisplay.from_estimator(fitted, table, y, ax=axes[2])
    assert axes[2].lines
