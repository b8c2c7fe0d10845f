"""Simulated years agree with what can be computed by hand, and say the same on every machine."""

import time
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.library.risks import risks
from annexa.pure.posture import Verdict
from annexa.pure.registers.risks import RISKS
from annexa.pure.residual import residual
from annexa.pure.risk_money import NINETY, MoneyRisk, Range, curve_of, of_entry, simulate, yearly
from tests.cases import cases

RANGES = st.builds(
    lambda low, factor, share: Range(
        low=low, high=low * factor, likely=None if share is None else low + (low * factor - low) * share
    ),
    st.floats(0.01, 1000), st.floats(1, 100), st.none() | st.floats(0, 1),
)  # fmt: skip
RANSOM = MoneyRisk(id="ransom", frequency=Range(low=0.1, high=0.5), loss=Range(low=1e5, high=5e6))
LAPTOP = MoneyRisk(id="laptop", frequency=Range(low=2, high=8, likely=4), loss=Range(low=900, high=6000, likely=1500))


@pytest.mark.parametrize("risk", [RANSOM, LAPTOP], ids=lambda one: one.id)
def test_the_average_is_what_theory_says(risk) -> None:
    """Rule: the mean of a compound Poisson sum is the mean rate times the mean loss."""
    found = yearly(risk, years=400_000)
    error = float(found.std()) / 400_000**0.5
    assert abs(found.mean() - risk.mean) < 4 * error


def test_how_often_nothing_happens_is_what_theory_says() -> None:
    """Rule: with a fixed rate a year without an event has the chance exp(-rate)."""
    risk = MoneyRisk(id="x", frequency=Range(low=0.7, high=0.7), loss=Range(low=10, high=20))
    assert simulate([risk]).each["x"].none == pytest.approx(exp(-0.7), abs=0.006)


def test_the_ends_of_a_range_hold_nine_times_in_ten() -> None:
    rng = np.random.default_rng(1)
    drawn = Range(low=10, high=1000).draw(rng, 200_000)
    assert np.percentile(drawn, [5, 50, 95]) == pytest.approx([10, 100, 1000], rel=0.03)
    assert float(np.log(drawn).std()) == pytest.approx(log(100) / (2 * NINETY), rel=0.02)


def test_with_a_likely_value_the_ends_are_extremes() -> None:
    within = Range(low=10, high=100, likely=20)
    drawn = within.draw(np.random.default_rng(1), 200_000)
    assert drawn.min() >= 10
    assert drawn.max() <= 100
    assert drawn.mean() == pytest.approx(within.mean, rel=0.005)
    assert (drawn**2).mean() == pytest.approx(within.square, rel=0.01)


def test_a_single_loss_has_the_quantiles_of_its_range() -> None:
    """Rule: of what seldom happens, a year's loss above 0 is one draw of the range."""
    risk = MoneyRisk(id="x", frequency=Range(low=0.02, high=0.02), loss=Range(low=100, high=10_000))
    found = yearly(risk, years=2_000_000)
    assert np.percentile(found[found > 0], 50) == pytest.approx(1000, rel=0.05)


def test_very_frequent_events_are_summed_by_their_limit() -> None:
    risk = MoneyRisk(id="x", frequency=Range(low=50_000, high=50_000), loss=Range(low=1, high=4, likely=2))
    found = yearly(risk, years=1_000)
    assert found.mean() == pytest.approx(risk.mean, rel=0.005)
    assert found.std() == pytest.approx((50_000 * risk.loss.square) ** 0.5, rel=0.1)


def test_the_same_again_and_nothing_else_moves() -> None:
    alone, both = simulate([RANSOM]), simulate([LAPTOP, RANSOM])
    assert alone == simulate([RANSOM])
    assert both.each["ransom"] == alone.each["ransom"]
    assert both.together.mean == pytest.approx(both.each["ransom"].mean + both.each["laptop"].mean)
    assert simulate([RANSOM], seed=7).each["ransom"] != alone.each["ransom"]


def test_the_curve_falls_and_agrees_with_the_percentiles() -> None:
    found = simulate([RANSOM, LAPTOP])
    losses, chances = zip(*found.curve, strict=True)
    assert list(losses) == sorted(losses)
    assert list(chances) == sorted(chances, reverse=True)
    assert chances[-1] == pytest.approx(0.001)
    assert np.interp(0.1, chances[::-1], losses[::-1]) == pytest.approx(found.together.percentiles[90], rel=0.05)
    assert curve_of(np.zeros(10)) == ()
    assert simulate([]).curve == ()


@settings(max_examples=cases(30))
@given(RANGES, RANGES, st.floats(0, 1), st.floats(0, 1))
def test_more_protection_never_costs_more_on_average(frequency, loss, one, other) -> None:
    less, more = sorted((one, other))
    means = [
        MoneyRisk(id="x", frequency=frequency, loss=loss, frequency_left=left, loss_left=left).mean
        for left in (less, more)
    ]
    assert means[0] <= means[1]
    found = simulate([MoneyRisk(id="x", frequency=frequency, loss=loss, frequency_left=less)], years=200)
    values = list(found.each["x"].percentiles.values())
    assert values == sorted(values)
    assert np.isfinite(values).all()


def test_a_record_becomes_a_risk_in_money() -> None:
    told = {
        "name": "x", "likelihood": 4, "impact": 4, "frequency_low": 0.5, "frequency_high": 2.0, "frequency_left": 20.0,
        "loss_low": "1000.00 EUR", "loss_high": "9000.00 EUR", "loss_likely": "2000.00 EUR",
        "controls": ("ACC-01", "ACC-02"), "controls_on_impact": ("BCM-02",),
    }  # fmt: skip
    entry = RISKS.make(told)
    found = residual(entry, risks().scales["5x5"], {"ACC-01": Verdict.EFFECTIVE})
    currency, made = of_entry("x", entry, found)
    assert currency == "EUR"
    assert (made.frequency_left, made.loss_left) == (pytest.approx(0.6), 1.0)
    assert made.loss == Range(low=1000, high=9000, likely=2000)
    assert of_entry("x", entry, None)[1].frequency_left == 1
    assert of_entry("x", RISKS.replaced(entry, {"loss_high": ""}), found) is None


def test_a_hundred_risks_take_a_moment() -> None:
    many = [
        MoneyRisk(id=f"r{n}", frequency=Range(low=0.05 + n / 200, high=1 + n / 100), loss=Range(low=1e3, high=1e6))
        for n in range(100)
    ]
    begun = time.process_time()
    simulate(many)
    assert time.process_time() - begun < 5  # about 1 s on an idle machine; CPU time, since others may run beside it
