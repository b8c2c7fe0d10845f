"""The demo organisation: everything Annexa can say occurs in it, and it is recorded like anybody's history."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings

from annexa.actions import demo
from annexa.actions.demo import create_demo
from annexa.actions.demo_story import story
from annexa.actions.errors import ConflictError
from annexa.actions.people import actor_of
from annexa.answers.posture import standpoint
from annexa.answers.store import blobs
from annexa.answers.tasks import list_todos
from annexa.answers.today import today
from annexa.library.load import library
from annexa.pure.facts import ORGANISATION
from annexa.pure.posture import CONTROL_ORDER, REQUIREMENT_ORDER, Verdict
from annexa.pure.standards import ExpectationKind
from annexa.records.classifications import ClassificationReview
from annexa.records.controls import Closure, Judgement
from annexa.records.evidence import Evidence
from annexa.records.ledger import LedgerEntry
from annexa.records.organisation import Organisation
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from tests.actions.test_door import check_ledger

READY = {"iso27001-2022": (0.55, 0.70), "iso42001-2023": (0.40, 0.55), "nist-ai-rmf-1.0": (0.20, 0.55)}
REAL = re.compile(
    r"\b(amazon|anthropic|apple|atlassian|aws|azure|bedrock|chatgpt|cisco|claude|cohere|copilot|databricks|deepmind|"
    r"deepseek|eon|enbw|engie|enel|github|gitlab|google|gemini|hirevue|huawei|ibm|intel|iberdrola|linkedin|llama|"
    r"meta|microsoft|mistral|nvidia|openai|oracle|palantir|rwe|salesforce|sap|servicenow|siemens|slack|snowflake|"
    r"vattenfall|vodafone|workday|zendesk|zoom|meridian)\b",
    re.IGNORECASE,
)


@pytest.mark.slow
def test_it_works(db, now) -> None:
    administrator = create_demo(now=now)
    assert (administrator.role, administrator.has_usable_password()) == ("administrator", False)
    assert Organisation.objects.get().demo
    size = check_ledger()
    assert not any(person.has_usable_password() for person in Person.objects.all())
    assert {person.role for person in Person.objects.all()} == {
        "administrator", "lead", "owner", "auditor", "member", "external"
    }  # fmt: skip
    # again: the same administrator, and nothing new
    assert create_demo(now=now + timedelta(days=1)).pk == administrator.pk
    assert check_ledger() == size
    _every_file_is_our_own()
    _the_history_is_in_order(now)
    _answers_were_approved(now)
    _today_has_work(administrator, now)
    _a_look_back_shows_progress(administrator, now)
    _every_verdict_occurs(now)


def _every_file_is_our_own() -> None:
    """Every piece says in its first line whose it is, no two are alike, and none names a real company."""
    given = Evidence.objects.exclude(name__startswith="Monitors: ")  # what monitors found, Annexa writes itself
    rows = list(given.values_list("sha256", "name", "media_type", "note"))
    assert len({sha256 for sha256, *_ in rows}) == len(rows) > 500
    types = {"csv": "text/csv", "json": "application/json", "md": "text/plain"}
    for sha256, name, media_type, note in rows:
        with blobs().open_checked(sha256) as stream:
            text = stream.read().decode()
        first = "\n".join(text.splitlines()[:2])
        assert "Demo organisation Fenwharf Energy" in first
        assert media_type == types.get(name.rpartition(".")[2], "text/plain")
        assert not REAL.search(f"{text} {name} {note}"), name
    for system in AiSystem.objects.all():
        assert not REAL.search(f"{system.name} {system.supplier} {system.outputs}")


def _the_history_is_in_order(now) -> None:
    """Entries stand in the order of time, over some fourteen months, none of them ahead."""
    times = list(LedgerEntry.objects.order_by("position").values_list("at", flat=True))
    assert times == sorted(times)
    assert timedelta(days=400) < times[-1] - times[0] < timedelta(days=440)
    assert times[-1] <= now
    kinds = Counter(Judgement.objects.values_list("kind", flat=True))
    assert kinds == {"major nonconformity": 1, "minor nonconformity": 1, "accepted exception": 1, "exclusion": 3}
    assert Closure.objects.get().judgement.kind == "minor nonconformity"


def _answers_were_approved(now) -> None:
    """By somebody else; the record said the same already; what binds rests on them. One waits for its second person."""
    told = {one.system: one for one in story().answered}
    steps = ClassificationReview.objects.order_by("recorded_at").select_related("answers")
    held = {one.answers.scope: (one.decision, one.by.name != one.answers.by.name) for one in steps}
    assert held == {
        "application-screening": ("approved", True),
        "fenna-assistant": ("approved", True),
        "crew-roster": ("asked", False),
    }
    assert set(told) == set(held)
    for slug in held:
        facts = story().facts_of(slug)
        assert AiSystem.objects.get(slug=slug).facts().roles == tuple(facts["roles"])
    engine = standpoint(actor=actor_of(Person.objects.get(role="administrator")), now=now).engine
    proof = engine.requirement("eu-ai-act", "Art.26(11)", "application-screening")
    assert any(ground.fact.startswith("From the approved answers") for ground in proof.binding.grounds)


def _today_has_work(administrator: Person, now) -> None:
    """Evidence runs out within the month, ran out lately, and fails; systems miss an owner and a class; tasks wait."""
    assert today(actor=actor_of(administrator), now=now).whose == "mine"
    found = today(actor=actor_of(administrator), now=now, whose="all")
    states = list_todos(actor=actor_of(administrator), now=now, whose="all").counts
    assert states["late"] > 5
    assert states["open"] > 10
    assert found.tasks_total > 0
    assert found.plans_total > 0
    assert found.without_owner > 0
    assert found.without_class > 0
    newest: dict[tuple[str, ...], Evidence] = {}
    for evidence in Evidence.objects.exclude(kind="signal").order_by("observed_at"):
        newest[evidence.control, evidence.expectation, evidence.scope] = evidence
    ends = [evidence.expires_at - now for evidence in newest.values() if evidence.passing]
    assert sum(timedelta() < left <= timedelta(days=30) for left in ends) >= 3
    assert sum(timedelta(days=-35) < left <= timedelta() for left in ends) >= 3
    assert Evidence.objects.filter(passing=False).count() >= 2


def _a_look_back_shows_progress(administrator: Person, now) -> None:
    """Half a year ago less was met than now, and at the beginning nothing."""

    def met(days: int) -> int:
        then = standpoint(actor=actor_of(administrator), now=now, at=now - timedelta(days=days))
        return then.posture("nist-ai-rmf-1.0").counts[Verdict.MET]

    assert met(420) == 0
    assert met(270) < met(180) < met(0)


@pytest.mark.slow
def test_every_verdict_occurs_whenever_it_is_made(db, now) -> None:
    later = now + timedelta(days=365)
    create_demo(now=later)
    _every_verdict_occurs(later)


def _every_verdict_occurs(now) -> None:
    """Of controls and of requirements."""
    administrator = Person.objects.get(role="administrator")
    stand = standpoint(actor=actor_of(administrator), now=now)
    controls = Counter(stand.engine.control(control).verdict for control in library().controls)
    assert set(controls) == {*CONTROL_ORDER, Verdict.NOT_APPLICABLE}
    requirements: Counter[Verdict] = Counter()
    for framework in Organisation.objects.get().frameworks:
        posture = stand.posture(framework)
        requirements.update({verdict: n for verdict, n in posture.counts.items() if n})
        low, high = READY.get(framework, (0.2, 0.9))
        assert posture.readiness is not None
        assert low <= posture.readiness <= high, framework
    assert set(requirements) == {*REQUIREMENT_ORDER, Verdict.NOT_APPLICABLE}
    here = stand.portfolio._adoptions.values()
    declared = [by_scope[ORGANISATION] for by_scope in here if ORGANISATION in by_scope]
    assert 85 <= sum(adoption.state == "implemented" for adoption in declared) <= 110
    assert any(adoption.state == "excluded" and adoption.because for adoption in declared)
    assert len(declared) < len(library().controls)


def test_a_real_organisation_is_left_alone(organisation, now) -> None:
    before = check_ledger()
    with pytest.raises(ConflictError, match="belongs to Test House"):
        create_demo(now=now)
    assert check_ledger() == before


def test_a_failure_leaves_nothing(db, now, monkeypatch) -> None:
    def refuse(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(demo, "close_judgement", refuse)
    monkeypatch.setattr(demo, "adopt_control", refuse)
    with pytest.raises(RuntimeError):
        create_demo(now=now)
    assert not Organisation.objects.exists()
    assert not Person.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert not (settings.STORE / "ledger" / "checkpoint").exists()


def test_the_story_names_only_what_exists() -> None:
    """A control, expectation, system or person that the story names, and that is gone, would be told silently wrong."""
    told = story()
    systems, people = {system.id for system in told.systems} | {ORGANISATION}, {person.id for person in told.people}
    for gap in told.gaps:
        found = next(e for e in library().controls[gap.control].expectations if e.id == gap.expectation)
        assert found.kind is not ExpectationKind.RECORD or found.check.startswith("documented:")
        assert gap.control in told.implemented
        assert gap.system in systems
    for declared in told.declared:
        assert set(declared.controls) <= set(library().controls)
        assert {declared.by} <= people
        assert {declared.system} <= systems
    assert {change.system for change in told.changes} <= systems
    roles = {expectation.who for control in library().controls.values() for expectation in control.expectations}
    assert roles - {"system owner", ""} <= {duty for person in told.people for duty in person.duties}
