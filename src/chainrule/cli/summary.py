"""What fit says of network, training and test, in words."""

from typing import Any

from chainrule.predicting.layers import in_a_line
from chainrule.wording import count, from_to

MEASURES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "r2": "R²",
    "d2_pinball": "D² of the pinball loss",
}


def describe_network(model: Any) -> str:
    """Return layers, weights, loss, solver and precision in a line."""
    trained = model.fitted_.network
    objective = type(model.objective_).__name__
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in objective).strip()
    if model.objective_.levels:
        words += f" {', '.join(f'{level:g}' for level in model.objective_.levels)}"
    if model.fitted_.target.transform == "log":
        words += " of the logarithm"
    network = f"{in_a_line(trained.layers)} · {trained.n_weights} weights"
    n_networks = len(model.fitted_.networks)
    if n_networks > 1:
        network = f"{n_networks} networks of {network}"
    return f"{network} · {words} · {model.solver_} · {model.dtype}"


def describe_model(asked: Any, model: Any, n_rows: int) -> str:
    """Return which model is trained, and why; with what "auto" stands for by the rows."""
    if asked.model == "tabular":
        # scikit-learn, as the model that is described
        from chainrule.fitting.recipe import recipe_for

        return f"tabular: {recipe_for(model, n_rows)}"
    why_not = asked.why_not_tabular
    if asked.values["model"] == "auto" and why_not is not None:
        return f"{asked.model}, since {why_not.flag} is not for tabular"
    return asked.model


def describe_settling(model: Any) -> str:
    """Return how a fixed-point network settled, in a line."""
    history, kept = model.history_, model.best_iter_ - int(model.history_["epoch"][0])
    at = max(kept, 1)
    unsettled = model.settle_report_.epochs["unsettled"]
    return (
        f"{history['sweeps'][at]:.0f} sweeps forward (most {history['sweeps_max'][at]:.0f}), "
        f"{history['adjoint_sweeps'][at]:.0f} back (most {history['adjoint_sweeps_max'][at]:.0f}); "
        f"unsettled in training: {count(int(unsettled.sum()), 'sample')}"
    )


def describe_training(model: Any) -> str:
    """Return epochs, why it stopped, which weights were kept, and seconds, in a line."""
    compiling, members = model.compile_seconds_, model.fitted_.networks
    each = " each" if len(members) > 1 else ""
    epochs = from_to([member.ending.n_epochs for member in members])
    kept = [member.ending.epoch for member in members]
    return (
        f"{epochs} {'epoch' if epochs == '1' else 'epochs'}{each} ({model.stop_message_}); "
        f"weights of epoch{'s' if len(set(kept)) > 1 else ''} {from_to(kept)} kept; "
        f"{model.fit_seconds_:.1f} s"
        + (f", and {compiling:.1f} s to compile" if compiling > 0.5 else "")
    )


def describe_test(measure: str, scores: dict[str, Any], baselines: dict[str, Any]) -> str:
    """Return the network's score beside those of the baselines, in a line."""
    beside = "".join(f" · {label} {number(score)}" for label, score in baselines.items())
    mean = ""
    if "targets" in scores:
        mean = f", mean of {count(len(scores['targets']), 'target')},"
    return (
        f"{MEASURES[measure]} {number(scores[measure])}{mean} on {count(scores['rows'], 'row')}"
        f"{beside}"
    )


def number(score: float | None, digits: str = ".3f") -> str:
    """Return a score as text; a dash where it has no meaning."""
    return "–" if score is None else f"{score:{digits}}"
