"""The posture pages: what they show, as of when, how fast, and what they give out."""

import io
import json
import zipfile
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annexa.actions.controls import adopt_control, judge
from annexa.actions.door import door
from annexa.actions.evidence import add_evidence
from annexa.answers.frameworks import explain, framework_page, list_frameworks
from annexa.answers.trees import MOST_NAMED, requirement_tree
from annexa.library.load import library
from annexa.pure.posture import Verdict
from annexa.pure.proofs import recompute
from annexa.records.systems import AiSystem

ORGANISATIONAL = "GOV-02"
SYSTEMIC = "LIF-07"


@pytest.fixture
def client(admin) -> Client:
    """The administrator's browser."""
    found = Client()
    found.force_login(admin)
    return found


@pytest.fixture
def then() -> datetime:
    """A while before the pages are asked for, which happens in real time."""
    return timezone.now() - timedelta(hours=3)


def _systems(actor, count: int, now: datetime) -> list[str]:
    made = [
        AiSystem(
            slug=f"system-{i}", name=f"System {i:04}", stage="operation", roles=["deployer"], classes=["high-risk"],
            risk_class="high-risk", monitoring="yes", created_at=now, changed_at=now,
        )
        for i in range(count)
    ]  # fmt: skip
    with door(actor=actor, verb="import_systems", now=now) as opened:
        opened.write_many(made, kind="ai_system", subject=lambda one: f"ai_system/{one.slug}")
    return [one.slug for one in made]


def _prove(actor, admin, control: str, now: datetime, scope: str = "organisation"):
    adopt_control(actor=actor, person=admin, control=control, state="implemented", scope=scope, now=now)
    return [
        add_evidence(
            actor=actor, person=admin, control=control, expectation=one.id, scope=scope, now=now,
            file=f"{control} {one.id} {scope}".encode(), name=f"{one.id}.txt", limit_bytes=10_000,
        )
        for one in library().controls[control].expectations
        if one.kind.value != "record"
    ]  # fmt: skip


def test_list_says_met_of_applicable_and_when_the_next_duty_binds(client) -> None:
    text = client.get("/frameworks").content.decode()
    for framework in library().frameworks.values():
        assert framework.title in text
    assert "0 of 132 met" in text
    assert text.index("Adopted") < text.index("Not adopted")


def test_next_binding_date_is_the_first_to_come(actor) -> None:
    now = datetime.fromisoformat("2026-11-21T00:00:00+00:00")
    line = next(one for one in list_frameworks(actor=actor, now=now, at=now) if one.framework.id == "eu-ai-act")
    assert line.binds_next is not None
    assert line.binds_next > now.date()
    assert line.binding > 0


def test_a_met_requirement_leads_down_to_the_digest_and_the_ledger(client, actor, admin, then) -> None:
    made = _prove(actor, admin, ORGANISATIONAL, then)
    text = client.get("/frameworks/iso27001-2022", {"requirement": "A.5.1"}).content.decode()
    panel = text[text.index('id="proof"') :]
    assert 'class="verdict seal" data-v="met"' in panel
    for one in made:
        assert one.sha256 in panel
        assert f"/evidence/{one.id}/bytes" in panel
    assert "/ledger/" in panel


def test_the_verdict_filter_shows_the_rows_that_the_legend_counts(client, actor, admin, then) -> None:
    _prove(actor, admin, ORGANISATIONAL, then)
    whole = client.get("/frameworks/iso27001-2022")
    counts = whole.context["page"].posture.counts
    for slug, verdict in (("met", Verdict.MET), ("unmet", Verdict.UNMET), ("partial", Verdict.PARTIAL)):
        found = client.get("/frameworks/iso27001-2022", {"verdict": slug})
        assert found.context["shown"] == counts[verdict]
    gaps = client.get("/frameworks/iso27001-2022", {"gaps": "1"})
    assert gaps.context["shown"] == whole.context["page"].posture.applicable - counts[Verdict.MET]


def test_what_is_no_duty_is_counted_not_shown_unless_asked_for(client) -> None:
    page = client.get("/frameworks/eu-ai-act")
    assert page.context["silent"] > 200
    assert page.context["shown"] == len(page.context["page"].posture.lines) - page.context["silent"]
    all_of_them = client.get("/frameworks/eu-ai-act", {"verdict": "na"})
    assert all_of_them.context["shown"] == page.context["page"].posture.counts[Verdict.NOT_APPLICABLE]


def test_as_of_another_day_shows_what_was_known_then(client, actor, admin, then) -> None:
    _prove(actor, admin, ORGANISATIONAL, then)
    before = (then - timedelta(days=1)).date().isoformat()
    past = client.get("/frameworks/iso27001-2022", {"at": before})
    assert past.context["met"] == 0
    assert client.get("/frameworks/iso27001-2022").context["met"] > 0
    ahead = (then + timedelta(days=900)).date().isoformat()
    assert client.get("/frameworks/iso27001-2022", {"at": ahead}).context["met"] == 0


def test_a_wrong_date_shows_today_and_says_so(client) -> None:
    text = client.get("/frameworks/iso27001-2022", {"at": "soon"}).content.decode()
    assert "is not a date" in text
    assert "Today is shown." in text


@pytest.mark.parametrize(
    "address",
    [
        "/frameworks/iso99999",
        "/frameworks/iso27001-2022?requirement=A.99",
        "/frameworks/iso27001-2022?requirement=A.5",
        "/frameworks/iso27001-2022?scope=nobody",
        "/frameworks/iso27001-2022/proof",
        "/frameworks/iso27001-2022/proof?requirement=A.99",
    ],
)
def test_what_is_not_there_is_404(client, address: str) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", ["/frameworks", "/frameworks/iso27001-2022", "/frameworks/x/proof", "/pack"])
def test_strangers_are_sent_to_sign_in(db, address: str) -> None:
    response = Client().get(address)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign-in")


def test_a_system_level_requirement_names_systems_by_verdict(client, actor, admin, then) -> None:
    slugs = _systems(actor, 12, then)
    for slug in slugs[:2]:
        _prove(actor, admin, SYSTEMIC, then, slug)
    proof = explain(actor=actor, framework="iso42001-2023", requirement="A.6.2.6", now=timezone.now())
    assert proof.systems is not None
    page = client.get("/frameworks/iso42001-2023", {"requirement": "A.6.2.6"})
    tree = page.context["tree"]
    assert sum(node.systems.count for node in tree.systems) == 12
    assert sum(len(node.systems.named) for node in tree.systems) <= MOST_NAMED
    assert tree.systems[0].verdict is not Verdict.MET
    text = page.content.decode()
    assert "scope=system-10" in text or "scope=system-2" in text
    one = client.get("/frameworks/iso42001-2023", {"requirement": "A.6.2.6", "scope": slugs[0]})
    assert one.status_code == 200
    assert "in System 0000" in one.content.decode()


def test_a_population_names_exceptions_first(actor, admin, then) -> None:
    slugs = _systems(actor, 5, then)
    for slug in slugs[:3]:
        _prove(actor, admin, SYSTEMIC, then, slug)
    proof = explain(actor=actor, framework="iso27001-2022", requirement="A.8.16", now=timezone.now())
    page = framework_page(actor=actor, framework="iso27001-2022", now=timezone.now(), requirement="A.8.16")
    assert set(page.in_use) == set(slugs)
    tree = requirement_tree(proof, page.in_use)
    node = next(one for one in tree.controls if one.proof.control.id == SYSTEMIC)
    assert [population.verdict for population in node.populations][-1] is Verdict.EFFECTIVE
    assert node.proof.effective_in == 3
    assert node.proof.population == 5


def test_what_would_meet_it_names_the_missing_controls(client) -> None:
    page = client.get("/frameworks/iso27001-2022", {"requirement": "A.5.1"})
    assert [proof.control.id for proof in page.context["tree"].lacking] == [ORGANISATIONAL]
    assert "What would meet it" in page.content.decode()


def test_judgements_stand_beside_the_verdict(client, actor, admin, then) -> None:
    judge(
        actor=actor, person=admin, kind="accepted exception", framework="iso27001-2022", subject="A.5.1",
        because="Until the move.", ends_at=timezone.now() + timedelta(days=9), now=then,
    )  # fmt: skip
    text = client.get("/frameworks/iso27001-2022", {"requirement": "A.5.1"}).content.decode()
    assert "Until the move." in text
    assert "judged" in text


def test_htmx_gets_the_proof_alone_and_the_two_rows_that_changed(client) -> None:
    response = client.get(
        "/frameworks/iso27001-2022?requirement=A.5.2",
        headers={
            "HX-Request": "true",
            "HX-Target": "proof",
            "HX-Current-URL": "http://testserver/frameworks/iso27001-2022?requirement=A.5.1",
        },
    )
    text = response.content.decode()
    assert "<html" not in text
    assert text.count('<li id="q') == 2
    assert text.count('class="chosen"') == 1


def test_htmx_gets_the_columns_for_another_day(client) -> None:
    response = client.get(
        "/frameworks/iso27001-2022?at=2026-01-01", headers={"HX-Request": "true", "HX-Target": "posture"}
    )
    text = response.content.decode()
    assert "<html" not in text
    assert 'id="posture"' in text
    assert text.count('hx-swap-oob="true"') == 3


def test_the_proof_file_leads_to_its_own_verdict(client, actor, admin, then) -> None:
    _prove(actor, admin, ORGANISATIONAL, then)
    response = client.get("/frameworks/iso27001-2022/proof", {"requirement": "A.5.1"})
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert recompute(json.loads(response.content)) is Verdict.MET


def test_the_pack_is_a_zip_with_the_evidence(client, actor, admin, then) -> None:
    made = _prove(actor, admin, ORGANISATIONAL, then)
    response = client.post("/pack", {"frameworks": ["iso27001-2022"], "scope": "organisation", "at": ""})
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].startswith("attachment")
    names = zipfile.ZipFile(io.BytesIO(response.content)).namelist()
    assert any(name.endswith(f"evidence/{made[0].sha256}") for name in names)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({}, "Choose at least one framework."),
        ({"frameworks": ["iso99999"]}, "There is no framework"),
        ({"frameworks": ["iso27001-2022"], "at": "soon"}, "is not a date"),
        ({"frameworks": ["iso27001-2022"], "scope": "nobody"}, "There is no AI system"),
    ],
)
def test_a_pack_that_cannot_be_made_says_why(client, asked, sentence: str) -> None:
    response = client.post("/pack", asked)
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_the_largest_framework_stays_small_and_asks_little(client, actor, then, django_assert_max_num_queries) -> None:
    _systems(actor, 300, then)
    client.get("/frameworks/eu-ai-act")
    with django_assert_max_num_queries(14):
        response = client.get("/frameworks/eu-ai-act", {"open": "all"})
    assert len(response.content) < 150_000
    assert len(client.get("/frameworks/eu-ai-act", {"verdict": "na"}).content) < 150_000
    with django_assert_max_num_queries(14):
        response = client.get("/frameworks")
    assert response.status_code == 200
