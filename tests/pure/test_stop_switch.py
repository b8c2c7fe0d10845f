"""The stop switch: one pulls it, two let go on, and its tag changes whenever anything does."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.stop_switch import STEPS, Step, Switch, asked_by, is_released, pull_problems, release_problems

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
SWITCH = Switch(system="s", stopped=True, number=1, since=NOW, because="It lies", if_unreachable="stop")


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 3)), max_size=12))
def test_no_one_person_lets_a_system_go_on(tried: list[tuple[str, int]]) -> None:
    """Law: whatever steps are tried in whatever order, a release was asked for by one person and given by another."""
    steps: tuple[Step, ...] = ()
    for step, person in tried:
        if release_problems(steps, step, person=person, because="x") is None:
            steps = (*steps, Step(step=step, by=person))
    if is_released(steps):
        assert steps[-1].step == "released", "nothing follows"
        assert steps[-2].step == "asked"
        assert steps[-2].by != steps[-1].by
    assert asked_by(steps) == (steps[-1].by if steps and steps[-1].step == "asked" else None)


@pytest.mark.parametrize("step", STEPS)
def test_every_step_has_a_reason(step: str) -> None:
    before = () if step == "asked" else (Step(step="asked", by=1),)
    assert release_problems(before, step, person=2, because=" ") is not None
    assert release_problems(before, step, person=2, because="x") is None


def test_who_asked_may_take_it_back() -> None:
    assert release_problems((Step(step="asked", by=1),), "refused", person=1, because="Not yet") is None


def test_what_is_no_step_is_refused() -> None:
    assert release_problems((), "open", person=1, because="x") is not None


def test_a_pull_takes_a_reason_and_nothing_else() -> None:
    assert pull_problems("It lies", stopped=False) is None
    assert pull_problems(" ", stopped=False) is not None
    assert pull_problems("It lies", stopped=True) is not None


@pytest.mark.parametrize(
    "more",
    [{"stopped": False}, {"number": 2}, {"because": "x"}, {"if_unreachable": "continue"}, {"since": None},
     {"system": "t"}],
)  # fmt: skip
def test_the_tag_changes_whenever_anything_does(more: dict) -> None:
    """Rule: who asks with a tag misses nothing."""
    assert replace(SWITCH, **more).tag != SWITCH.tag
    assert replace(SWITCH).tag == SWITCH.tag
