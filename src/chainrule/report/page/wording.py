"""How a page writes numbers, shares and seconds."""

from __future__ import annotations

from typing import Any

MEASURES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "log_loss": "log loss",
    "r2": "R²",
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
    "d2_pinball": "D² of the pinball loss",
    "all_right": "every target right",
}


def measure_words(name: str) -> str:
    """Return a measure in words."""
    return MEASURES.get(name, name.replace("_", " "))


def number(value: Any, digits: str = ".3f") -> str:
    """Return a score as text; a dash where it has no meaning."""
    return "–" if value is None else f"{value:{digits}}"


def general(value: Any) -> str:
    """Return a number with four digits that count."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def seconds(value: float | None) -> str:
    """Return a duration."""
    if value is None:
        return "–"
    if value >= 120:
        return f"{value / 60:.0f} min"
    return f"{value:.1f} s"
