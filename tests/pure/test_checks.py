"""Each record check asserts one thing of one AI system, and says which in a sentence."""

import inspect
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.checks import CHECKS, asks, of_annexa, registers, reviews, says
from annexa.pure.facts import SystemFact

DAY = datetime(2026, 11, 20, tzinfo=UTC)


def system(**known: object) -> SystemFact:
    """An AI system of which nothing but the name is known, and what is given."""
    return SystemFact(id="screening", effective_at=DAY, recorded_at=DAY, name="Screening", **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "known"),
    [
        ("owner_named", {"owner": "ada@example.org"}),
        ("purpose_stated", {"purpose": "Sorts applications"}),
        ("role_decided", {"roles": ("deployer",)}),
        ("role_decided", {"classes": ("out-of-scope",)}),
        ("risk_class_decided", {"classes": ("minimal",)}),
        ("risk_class_decided", {"classes": ("out-of-scope",)}),
        ("impact_assessed", {"impact_assessment": "yes"}),
        ("impact_assessed", {"impact_assessment": "not applicable"}),
        ("monitoring_in_place", {"monitoring": "yes"}),
        ("monitoring_in_place", {"monitoring": "not applicable"}),
        ("personal_data_decided", {"personal_data": "yes"}),
        ("personal_data_decided", {"personal_data": "no"}),
        ("personal_data_decided", {"personal_data": "not applicable"}),
        ("access_review_done", {"access_reviewed_until": DAY}),
    ],
)
def test_a_check_holds_when_the_record_says_so(check: str, known: dict[str, object]) -> None:
    assert CHECKS[check](system(**known))


@pytest.mark.parametrize(
    ("check", "known"),
    [
        ("owner_named", {"owner": "  "}),
        ("purpose_stated", {"purpose": "\n"}),
        ("impact_assessed", {"impact_assessment": "no"}),
        ("impact_assessed", {"impact_assessment": "planned"}),
        ("monitoring_in_place", {"monitoring": "planned"}),
        ("monitoring_in_place", {"monitoring": "no"}),
        ("personal_data_decided", {"personal_data": "planned"}),
    ],
)
def test_a_blank_or_a_plan_is_no_answer(check: str, known: dict[str, object]) -> None:
    assert not CHECKS[check](system(**known))


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_nothing_known_passes_no_check(check: str) -> None:
    """Silence is never a pass."""
    assert not CHECKS[check](system())


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_check_says_what_it_asserts(check: str) -> None:
    assert "AI system in use" in says(check)
    assert says(check).endswith(".")
    assert "\n" not in says(check)


def test_every_function_of_the_registers_is_a_check() -> None:
    written = {
        name
        for module in (registers, reviews)
        for name, one in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
    }
    assert set(CHECKS) == written


def test_access_is_asked_of_annexa_and_of_what_may_operate() -> None:
    """A stage that nobody stated is no excuse; only what is not running yet is left out, and Annexa never is."""
    assert of_annexa("access_review_done") == ("organisation",)
    asked = [
        stage
        for stage in ("", "concept", "development", "deployment", "operation")
        if asks("access_review_done", stage)
    ]
    assert asked == ["", "deployment", "operation"]
    assert all(asks("owner_named", stage) and not of_annexa("owner_named") for stage in ("", "concept"))


def test_no_two_checks_say_the_same() -> None:
    assert len({says(check) for check in CHECKS}) == len(CHECKS)


@given(st.sampled_from(sorted(CHECKS)), st.text(max_size=5), st.lists(st.text(max_size=5), max_size=2).map(tuple))
def test_a_check_answers_whatever_the_record_holds(check: str, word: str, words: tuple[str, ...]) -> None:
    answers = dict.fromkeys(("owner", "purpose", "impact_assessment", "monitoring", "personal_data"), word)
    assert CHECKS[check](system(roles=words, classes=words, **answers)) in (True, False)
