"""Two who write at once lose nothing; an approval ends on a day or with a material change, and with nothing else."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.library.questionnaires import questionnaires
from annexa.pure.assessed_then import assessed_until
from annexa.pure.assessments import (
    MATERIAL,
    Given,
    Origin,
    Source,
    changes,
    digest_of,
    merge,
    months_after,
    moved_on,
    offers,
    pairs,
    until_problem,
)
from annexa.pure.checks.assessments import ASSESSED, BY_FORM
from annexa.pure.checks.over import EVER
from annexa.pure.facts import Assessed, SystemFact
from annexa.pure.questionnaires import (
    Question,
    problems_of,
    value_of,
)
from annexa.pure.records_then import RecordsThen

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WORDS = st.sampled_from(("a", "b", "c", None))


def said(question: str, value: object, number: int = 1, *, at: datetime = NOW, origin: Origin | None = None) -> Given:
    return Given(question=question, value=value, number=number, by="Kim", person=1, at=at, origin=origin)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", " x ", "x"), ("text", " ", None), ("long text", "a\r\nb", "a\nb"), ("yes_no", "yes", "yes"),
        ("number", "12", 12), ("number", "1.5", 1.5), ("number", 3, 3), ("date", "2026-11-30", date(2026, 11, 30)),
        ("list", ["a", "", " b "], ("a", "b")), ("list", [], None), ("several", ["one"], ("one",)),
        ("choice", None, None),
    ],
)  # fmt: skip
def test_answers_are_read_from_their_plain_form(kind, raw, value) -> None:
    words = ("one", "two") if kind in ("choice", "several") else ()
    assert value_of(Question(id="q", section="s", text="Q?", kind=kind, choices=words), raw) == value


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("yes_no", "maybe"), ("number", "many"), ("number", "-1"), ("date", "soon"), ("list", "text"), ("text", 5),
     ("list", ["a", "a"]), ("number", "inf")],
)  # fmt: skip
def test_what_is_no_answer_is_told(kind, raw) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|names) "):
        value_of(Question(id="q", section="s", text="Q?", kind=kind), raw)


def test_all_problems_come_together() -> None:
    form = questionnaires()["dpia"]
    values, wrong = problems_of(form, {"dpo": "maybe", "decided-on": "soon", "due": "Yes", "other": "x"})
    assert values == {"due": "Yes"}
    assert {one.field for one in wrong} == {"dpo", "decided-on", "other"}


@given(st.lists(st.tuples(st.booleans(), WORDS), max_size=8), WORDS, st.integers(0, 8))
def test_nobodys_work_is_lost(history, mine, seen) -> None:
    """Whoever writes, either their word stands, or that of others stands and both are told, or both said the same, or
    they left it as they saw it."""
    rows = [said("q", value, number) for number, (_, value) in enumerate(history, start=1)]
    seen = min(seen, len(rows))
    before = {("q", one.number): one.value for one in rows}
    held = {"q": rows[-1]} if rows else {}
    found = merge({"q": mine}, held, {"q": seen}, before)
    current, looked_at = (rows[-1].value if rows else None), before.get(("q", seen))
    if "q" in found.write:
        assert (found.write["q"], seen) == (mine, len(rows))
    elif found.conflicts:
        assert found.conflicts == (rows[-1],)
        assert mine not in (current, looked_at)
    else:
        assert mine in (current, looked_at)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 36))
def test_months_later_is_never_another_month(day, months) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("until", "wrong"),
    [(None, True), ("2026-11-20", True), ("2026-11-21", False), ("2027-11-20", False), ("2027-11-21", True)],
)
def test_an_approval_ends_within_its_months(until, wrong) -> None:
    day = date.fromisoformat(until) if until else None
    assert bool(until_problem(day, today=date(2026, 11, 20), months=12)) is wrong


def test_changes_are_told_by_field_and_component() -> None:
    before = pairs({"purpose": "Ranks", "roles": ["deployer"]})
    now = {"purpose": "Rejects", "roles": ("deployer",)}.get
    was = {"model": pairs({"version": "1"}), "data": pairs({"version": "2"})}
    found = changes(before, now, was, {"model": pairs({"version": "3"}), "log": pairs({"version": ""})})
    assert [one.words for one in found] == [
        "purpose", "component data is gone", "component log is new", "version of component model"
    ]  # fmt: skip
    assert changes(before, {"purpose": "Ranks", "roles": ("deployer",)}.get, None, {"log": ()}) == ()


def test_every_material_field_is_a_fact_of_the_engine() -> None:
    """Rule: what ends an approval is what verdicts can see."""
    fact = SystemFact(id="x", name="x", effective_at=NOW, recorded_at=NOW)
    assert [name for name in MATERIAL if name != "components" and not hasattr(fact, name)] == []
    assert {form: bool(questionnaires()[form].material) for form in BY_FORM} == dict.fromkeys(BY_FORM, True)


def test_the_latest_answer_of_another_form_is_offered_before_the_register() -> None:
    aiia, fria = questionnaires()["ai-system-impact-assessment"], questionnaires()["fria"]
    older = Source(assessment="1", form=aiia, given={"affected": said("affected", ("Staff",))})
    later = NOW + timedelta(days=1)
    newer = Source(
        assessment="2", form=fria, given={"fria-due": said("fria-due", "yes, we are bound"),
                                          "affected": said("affected", ("Staff", "Guests"), at=later)},
    )  # fmt: skip
    found = offers(questionnaires()["dpia"], [newer, older], [])
    assert (found["affected"].value, found["affected"].origin) == (
        ("Staff", "Guests"), Origin(assessment="2", question="affected")
    )  # fmt: skip
    mine = {"affected": said("affected", ("Staff",), origin=Origin(assessment="1", question="affected"))}
    assert list(moved_on(mine, found)) == ["affected"]
    assert moved_on({"affected": said("affected", ("Staff",))}, found) == {}  # written here, not taken over


def test_what_is_no_longer_asked_is_not_offered() -> None:
    fria = questionnaires()["fria"]
    given = {"fria-due": said("fria-due", "no, we are not bound"), "affected": said("affected", ("Staff",))}
    assert "affected" not in offers(questionnaires()["dpia"], [Source(assessment="1", form=fria, given=given)], [])


def test_the_digest_follows_what_is_asked() -> None:
    found = {digest_of(one) for one in questionnaires().values()}
    assert len(found) == len(questionnaires())


# --- in the engine


def system(**more: object) -> SystemFact:
    values = {"purpose": "Ranks", "roles": ("deployer",), "classes": ("high-risk",), "personal_data": "yes"} | more
    return SystemFact(id="ranking", name="Ranking", effective_at=NOW, recorded_at=NOW, **values)  # type: ignore[arg-type]


def approved(form: str = "fria", *, days: int = 30, at: datetime = NOW, **more: object) -> Assessed:
    values = {"material": (("purpose", "Ranks"),), "components": None} | more
    return Assessed(
        id="1", form=form, scope="ranking", until=at + timedelta(days=days), effective_at=at, recorded_at=at, **values
    )  # type: ignore[arg-type]


def held(facts: list[Assessed], *, at: datetime = NOW, words: tuple[str, ...] | None = None, **more: object):
    records = RecordsThen((), (), at)
    return assessed_until(facts, {"ranking": system(**more)}, lambda _slug: words, records)


@pytest.mark.parametrize("check", ASSESSED)
def test_nothing_stands_without_an_approval(check) -> None:
    assert "ranking" not in held([])[check]
    found = held([approved(ASSESSED[check].form)])
    assert found[check]["ranking"] == NOW + timedelta(days=30)
    assert "ranking" not in held([approved(ASSESSED[check].form)], purpose="Rejects")[check]
    assert "ranking" not in held([approved(ASSESSED[check].form)], at=NOW + timedelta(days=30))[check]


def test_the_latest_approval_counts_and_a_withdrawal_ends_it() -> None:
    later = NOW + timedelta(days=1)
    both = [approved(days=300), approved(days=9, at=later)]
    assert held(both, at=later)["fria_approved"]["ranking"] == later + timedelta(days=9)
    assert "ranking" not in held([approved(days=300), approved(days=0, at=later)], at=later)["fria_approved"]


@pytest.mark.parametrize(
    ("check", "more", "words"),
    [
        ("fria_approved", {"roles": ("provider",)}, None),
        ("fria_approved", {"classes": ("minimal",)}, None),
        ("fria_approved", {"high_risk_by": "annex-i"}, None),
        ("fria_approved", {}, ("by-use",)),
        ("dpia_approved", {"personal_data": "no"}, None),
    ],
)
def test_what_is_not_asked_is_fulfilled(check, more, words) -> None:
    assert held([], words=words, **more)[check]["ranking"] == EVER


@pytest.mark.parametrize(
    ("more", "words"), [({"roles": ()}, None), ({"classes": ()}, None), ({}, ("rights-assessment",))]
)
def test_what_nobody_decided_is_asked(more, words) -> None:
    assert "ranking" not in held([], words=words, **more)["fria_approved"]
