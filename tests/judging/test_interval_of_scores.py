"""The interval of a score: known answers, and how often it holds what it is for."""

import numpy as np
import pytest

from chainrule.judging.evaluation import interval_of, score_of

ONES = np.ones(30)


def test_shares_are_as_wilson_has_them():
    """All of 30 right: 30 / (30 + z²) to 1; 81 of 263, the example of Newcombe (1998)."""
    low, high = interval_of("accuracy", ONES, ONES == 1, ONES)
    assert (low, high) == pytest.approx((30 / (30 + 1.96**2), 1))
    right = np.arange(263) < 81
    assert interval_of("accuracy", right, right, np.ones(263)) == pytest.approx(
        [0.2553, 0.3662], abs=1e-4
    )


def test_what_has_no_meaning_has_no_interval():
    assert interval_of("r2", ONES, ONES, ONES) is None  # targets that do not vary
    assert interval_of("accuracy", ONES[:1], ONES[:1] == 1, ONES[:1]) is None


def test_weights_of_whole_rows_narrow_nothing_and_rows_of_weight_0_do_not_count():
    draw = np.random.default_rng(0)
    true = draw.normal(size=50)
    guess = true + draw.normal(size=50)
    plain = interval_of("r2", true, guess, np.ones(50))
    assert interval_of("r2", true, guess, np.full(50, 3.0)) == pytest.approx(plain)
    more = [np.append(each, [9.0]) for each in (true, guess)]
    assert interval_of("r2", *more, np.append(np.ones(50), 0)) == pytest.approx(plain)


def numbers(draw, n):
    true = draw.normal(size=n)
    guess = true + 0.5 * draw.normal(size=n)
    return true, guess, guess


def classes(draw, n):
    true = (draw.random(n) < 0.2).astype(int)
    guess = np.where(draw.random(n) < np.where(true == 1, 0.7, 0.9), true, 1 - true)
    return true, guess, guess == true


@pytest.mark.parametrize(
    ("measure", "drawn"),
    [("accuracy", classes), ("balanced_accuracy", classes), ("r2", numbers),
     ("d2_pinball", numbers)],
)  # fmt: skip
def test_the_score_of_all_lies_within_for_95_of_100_sets_of_rows(measure, drawn):
    draw, level = np.random.default_rng(0), 0.8
    true, guess, _ = drawn(draw, 200_000)
    of_all, n_held = score_of(measure, true, guess, np.ones(len(true)), level), 0
    for _ in range(300):
        true, _, found = drawn(draw, 300)
        low, high = interval_of(measure, true, found, np.ones(300), level)
        n_held += low <= of_all <= high
    assert 0.91 <= n_held / 300 <= 0.985
