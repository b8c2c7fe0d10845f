"""How far an objective is: figures, month ends, and whether the target is reached."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.checks import CHECKS
from annexa.pure.facts import SystemFact
from annexa.pure.kpis import KPIS
from annexa.pure.posture import Verdict
from annexa.pure.progress import month_ends, of_controls, of_systems, reached, share

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def system(**known: object) -> SystemFact:
    return SystemFact(id="bot", effective_at=DAY, recorded_at=DAY, name="Bot", **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("on", "months", "ends"),
    [
        (date(2026, 3, 31), 2, (date(2026, 1, 31), date(2026, 2, 28))),
        (date(2026, 1, 1), 2, (date(2025, 11, 30), date(2025, 12, 31))),
        (date(2028, 3, 15), 1, (date(2028, 2, 29),)),
        (date(2026, 3, 15), 0, ()),
    ],
)
def test_month_ends(on: date, months: int, ends: tuple[date, ...]) -> None:
    assert month_ends(on, months) == ends


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 30))
def test_month_ends_are_the_last_days_of_the_months_before(on: date, months: int) -> None:
    found = month_ends(on, months)
    assert len(found) == months
    assert list(found) == sorted(found)
    assert all(one < on.replace(day=1) for one in found)
    assert all((date.fromordinal(one.toordinal() + 1)).day == 1 for one in found)


def test_controls_are_counted_of_those_adopted() -> None:
    verdicts = Counter({Verdict.EFFECTIVE: 3, Verdict.STALE: 1, Verdict.FAILING: 2, Verdict.ABSENT: 50})
    assert of_controls("controls effective", verdicts) == 50.0
    assert of_controls("controls in decay", verdicts) == 3.0


def test_of_nothing_there_is_no_share() -> None:
    """Rule: an empty population is not 100 %."""
    assert share(0, 0) is None
    assert of_controls("controls effective", Counter({Verdict.ABSENT: 5})) is None
    assert of_controls("controls in decay", Counter()) is None
    assert of_systems("AI systems classified", ()) is None


def test_systems_are_counted_by_the_check_they_fulfil() -> None:
    found = (system(owner="ada@example.org", classes=("minimal",)), system(), system(owner="kim"))
    assert of_systems("AI systems with an owner", found) == 66.7
    assert of_systems("AI systems classified", found) == 33.3
    assert all(one.check in CHECKS for one in KPIS.values() if one.check)


@pytest.mark.parametrize(
    ("value", "target", "direction", "done"),
    [
        (85.0, 85.0, "at least the target", True), (84.9, 85.0, "at least the target", False),
        (5.0, 5.0, "at most the target", True), (6.0, 5.0, "at most the target", False),
        (None, 5.0, "at most the target", None), (5.0, None, "at most the target", None), (5.0, 5.0, "", None),
    ],
)  # fmt: skip
def test_a_target_is_reached_or_not_or_not_known(value, target, direction, done) -> None:
    assert reached(value, target, direction) is done
