"""What is left of a risk follows from verdicts alone: a control that stops being effective raises it by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.library.risks import risks
from annexa.pure.posture import CONTROL_ORDER, Verdict
from annexa.pure.registers.risks import RISKS
from annexa.pure.residual import above, earned, residual, share_left
from annexa.pure.risk import MatrixScale

SCALES = [one for one in risks().scales.values() if isinstance(one, MatrixScale)]
FIVE = risks().scales["5x5"]
NAMES = ("ACC-02", "BCM-02", "LIF-09", "OPS-03")
VERDICTS = st.sampled_from([*CONTROL_ORDER, Verdict.NOT_APPLICABLE])
STEPS = st.integers(1, 5)


def risk(**values):
    return RISKS.make({"name": "Ransomware", "area": "security", "likelihood": 4, "impact": 5, **values})


@st.composite
def rated(draw):
    """A risk with controls on both sides and something aimed at, and the verdicts of the controls."""
    controls = draw(st.lists(st.sampled_from(NAMES), unique=True))
    cut = draw(st.integers(0, len(controls)))
    likelihood, impact = draw(STEPS), draw(STEPS)
    entry = risk(
        likelihood=likelihood, impact=impact, controls=tuple(controls[:cut]), controls_on_impact=tuple(controls[cut:]),
        target_likelihood=draw(st.none() | st.integers(1, likelihood)),
        target_impact=draw(st.none() | st.integers(1, impact)),
    )  # fmt: skip
    return entry, {one: draw(VERDICTS) for one in controls}


@pytest.mark.parametrize(
    ("inherent", "target", "counting", "linked", "left"),
    [
        (4, 2, 2, 2, 2),
        (4, 2, 1, 2, 3),
        (4, 2, 1, 3, 4),  # two thirds of a step is no step yet
        (4, 2, 2, 3, 3),
        (5, 1, 3, 4, 2),
        (3, 3, 1, 1, 3),
        (5, 2, 0, 3, 5),
        (5, 2, 0, 0, 5),
    ],
)
def test_whole_steps_are_earned(inherent, target, counting, linked, left) -> None:
    assert earned(inherent, target, counting, linked) == left


def test_a_control_that_goes_stale_raises_the_risk_by_itself() -> None:
    entry = risk(controls=("ACC-02", "OPS-03"), target_likelihood=2, controls_on_impact=("BCM-02",), target_impact=3)
    all_well = dict.fromkeys(("ACC-02", "OPS-03", "BCM-02"), Verdict.EFFECTIVE)
    found = residual(entry, FIVE, all_well)
    assert (found.inherent.id, found.level.id, found.target.id, found.lost) == ("critical", "medium", "medium", ())
    found = residual(entry, FIVE, {**all_well, "BCM-02": Verdict.STALE})
    assert (found.likelihood.left, found.impact.left, found.level.id) == (2, 5, "high")
    assert [(one.control, one.side, one.verdict) for one in found.lost] == [("BCM-02", "impact", Verdict.STALE)]


@pytest.mark.parametrize("verdict", [one for one in (*CONTROL_ORDER, Verdict.NOT_APPLICABLE) if one != "effective"])
def test_only_what_is_effective_counts(verdict) -> None:
    entry = risk(controls=("ACC-02",), target_likelihood=1)
    assert residual(entry, FIVE, {"ACC-02": verdict}).likelihood.left == 4
    assert residual(entry, FIVE, {}).likelihood.left == 4


def test_what_is_not_rated_or_off_the_scale_has_no_level() -> None:
    assert residual(risk(likelihood=None), FIVE, {}) is None
    assert residual(risk(impact=None), FIVE, {}) is None
    assert residual(risk(likelihood=9), FIVE, {}) is None


def test_without_an_aim_controls_change_nothing() -> None:
    found = residual(risk(controls=("ACC-02",)), FIVE, {"ACC-02": Verdict.EFFECTIVE})
    assert found.level == found.inherent == found.target


@given(rated())
def test_what_is_left_lies_between_the_aim_and_what_was_there(given_) -> None:
    entry, verdicts = given_
    found = residual(entry, FIVE, verdicts)
    for side in (found.likelihood, found.impact):
        assert side.target <= side.left <= side.inherent
    order = FIVE.levels.index
    assert order(found.target) <= order(found.level) <= order(found.inherent)
    assert found == residual(entry, FIVE, verdicts)


@given(rated(), st.data())
def test_a_better_verdict_never_raises_what_is_left(given_, data) -> None:
    entry, verdicts = given_
    if not verdicts:
        return
    bettered = data.draw(st.sampled_from(sorted(verdicts)))
    before, after = (residual(entry, FIVE, one) for one in (verdicts, {**verdicts, bettered: Verdict.EFFECTIVE}))
    assert after.likelihood.left <= before.likelihood.left
    assert after.impact.left <= before.impact.left
    assert FIVE.levels.index(after.level) <= FIVE.levels.index(before.level)


@given(st.none() | st.floats(0, 100), st.integers(0, 9), st.integers(0, 9))
def test_the_share_that_is_left_falls_with_what_counts(left, counting, more) -> None:
    linked = counting + more
    share = share_left(left, counting, linked)
    assert 0 <= share <= 1
    assert counting == linked or share_left(left, counting + 1, linked) <= share


@pytest.mark.parametrize("scale", SCALES, ids=lambda one: one.id)
def test_an_appetite_divides_the_levels(scale) -> None:
    allowed = [[one.id for one in scale.levels if not above(one, appetite.id, scale)] for appetite in scale.levels]
    assert [len(one) for one in allowed] == list(range(1, len(scale.levels) + 1))
    assert all(above(one, "unheard-of", scale) for one in scale.levels)
