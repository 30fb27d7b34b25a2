"""What goes wrong with the steps: too long, too short, too few, or into numbers without an end."""

from collections.abc import Iterator

import numpy as np

from chainrule.advice import Setting, Text
from chainrule.finding import Finding
from chainrule.inspection.doctor.evidence import Evidence

JUMP = 2.0  # the loss of an early epoch over that of the start
ROUGH = 0.35  # share of epochs after which the loss is clearly higher than before
LONG_STEP, SHORT_STEP = 0.2, 1e-5  # ‖Δθ‖ / ‖θ‖
LITTLE = 0.02  # share of the loss at the start that a training without progress has taken off
HALF_WAY = 0.12  # of the epochs, by which a training that arrives has come half its way


def find_non_finite(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for numbers that grew past all bounds."""
    settings = seen.settings
    if settings.stop != "diverged":
        return
    rate = settings.learning_rate
    lower = "" if rate is None else Text("{}, or ", _rate(rate / 10))
    yield Finding(
        "non-finite values",
        "warning",
        f"{settings.message[:1].upper()}{settings.message[1:]}.",
        "A step made the weights so large that their products left the range of the number type.",
        settings.advise(
            Text(
                "Set {}{clip_norm}; and see that the inputs are scaled ({scale}).",
                lower,
                clip_norm=1.0,
                scale=True,
            ),
            Text("Set {}{dtype}.", lower, dtype="float64"),
        ),
    )


def _rate(rate: float) -> Setting:
    return Setting("learning_rate_init", float(f"{rate:g}"))


def _steps(seen: Evidence) -> np.ndarray:
    """Return ‖Δθ‖ / ‖θ‖ in the middle of the layers, epoch by epoch; nan where it is not known."""
    ratios = [series for _, series in seen.layers_with("update_ratio")]
    return np.nanmedian(np.stack(ratios), axis=0) if ratios else np.full(1, np.nan)


def find_too_high(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for steps that are too long."""
    loss, rate = seen.loss, seen.settings.learning_rate
    if len(loss) < 3 or not np.isfinite(loss).all() or rate is None:
        return
    running = seen.column("running_loss")
    early = loss[1 : max(3, len(loss) // 10 + 1)]
    jump = float(early.max() / loss[0])
    if running is not None and len(running) > 2:
        jump = max(jump, float(np.nanmax(running[1 : max(3, len(running) // 10 + 1)]) / loss[0]))
    rises = float((loss[2:] > 1.02 * loss[1:-1]).mean())
    step = float(np.nanmax(_steps(seen)))
    worse = float(loss[-1] / loss[0])
    if not (jump > JUMP or (rises > ROUGH and (step > LONG_STEP or worse > 0.9))):
        return
    yield Finding(
        "rate too high",
        "warning",
        f"The loss went from {loss[0]:.3g} at the start to {loss[0] * jump:.3g} in the first "
        f"epochs, and rose after {rises:.0%} of all epochs; a step changed the weights by up to "
        f"{step:.1%}.",
        "Steps that are too long leap over the valley instead of going down into it.",
        Text("Set {}.", _rate(rate / 10)),
        {"jump": jump, "rises": rises, "update_ratio": step},
    )


def find_too_low(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for steps that are too short."""
    loss, rate = seen.loss, seen.settings.learning_rate
    if len(loss) < 3 or not np.isfinite(loss).all() or rate is None:
        return
    fallen = float((loss[0] - loss.min()) / abs(loss[0])) if loss[0] else 0.0
    step = float(np.nanmedian(_steps(seen)))
    falls = bool(loss[-1] < loss[0])
    if not (fallen < LITTLE and falls and (step < 1e-3 or np.isnan(step))):
        return
    yield Finding(
        "rate too low",
        "warning",
        f"In {len(loss) - 1} epochs the loss fell by {fallen:.2%} only, from {loss[0]:.4g} to "
        f"{loss[-1]:.4g}; a step changes the weights by {step:.1e} of their size.",
        "The steps go the right way, but they are too short to arrive.",
        Text("Set {}.", _rate(min(100 * rate, max(10 * rate, 0.001)))),
        {"fallen": fallen, "update_ratio": step},
    )


def find_too_few(seen: Evidence) -> Iterator[Finding]:
    """Yield a finding for a training that ended while it still made progress."""
    settings, validated = seen.settings, seen.column("val_loss")
    loss = seen.loss if validated is None else validated
    if (
        len(loss) < 2
        or not np.isfinite(loss).all()
        or settings.stop not in ("finished", "early", "time")
    ):
        return
    n, way = len(loss) - 1, float(loss[0] - loss[-1])
    half = int(np.argmax(loss <= loss[0] - way / 2))
    impatient = settings.stop == "early" and settings.patience is not None and settings.patience < 5
    if impatient:
        trend = np.polyfit(np.arange(n + 1), seen.loss, 1)[0]
        falling = trend < 0 and n < 30
    else:
        falling = settings.stop != "early" and way > 0 and half > HALF_WAY * n
    if not falling:
        return
    remedy = Text("Set {max_iter}.", max_iter=max(4 * n, 50))
    if impatient:
        remedy = Text("Set {n_iter_no_change}.", n_iter_no_change=20)
    elif settings.stop == "time":
        remedy = Text("Give a longer {time_limit}.", time_limit=...)
    yield Finding(
        "stopped too early",
        "warning",
        f"Training ended after {n} epochs ({settings.message or settings.stop}); it took {half} of "
        f"them for half of the way from a loss of {loss[0]:.3g} to one of {loss[-1]:.3g}.",
        "A training that has arrived spends most of its epochs on the last part of the way: this "
        "one was still getting better.",
        remedy,
        {"half": half, "epochs": n},
    )
