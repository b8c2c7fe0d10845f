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
from annexa.actions.people import add_person
from annexa.answers.frameworks import explain, framework_page, list_frameworks
from annexa.answers.trees import MOST_NAMED, requirement_tree
from annexa.library.load import library
from annexa.pure.permits import ANNEXA
from annexa.pure.posture import Verdict
from annexa.pure.proofs import recompute
from annexa.records.controls import Judgement
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
    both = client.get("/frameworks/iso27001-2022", {"gaps": "1", "verdict": "met"})
    assert both.context["shown"] == counts[Verdict.MET]


@pytest.mark.parametrize("filtered", [{"gaps": "1"}, {"verdict": "unmet"}, {"open": "all"}])
def test_filters_keep_the_requirement_that_was_chosen(client, filtered: dict[str, str]) -> None:
    text = client.get("/frameworks/iso27001-2022", {"requirement": "A.5.1"} | filtered).content.decode()
    filters = text[text.index('id="filters"') : text.index('class="clauses"')]
    assert filters.count("requirement=A.5.1") == filters.count('href="?')
    assert 'href="?requirement=A.5.1' in text[: text.index('id="asof"')]
    assert 'name="requirement" value="A.5.1"' in text
    assert "A.5.1" in text[text.index('id="proof"') :]


def test_a_clause_leads_to_its_proof_without_a_script(client) -> None:
    text = client.get("/frameworks/iso27001-2022").content.decode()
    assert 'href="?requirement=A.5.1#proof"' in text


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


# --- judging a requirement

JUDGE = "/frameworks/iso27001-2022/judge?requirement=A.5.1"


def _judged(kind: str, **more: str) -> dict[str, str]:
    return {"kind": kind, "because": "We rent no premises.", "ends_at": ""} | more


def _next_year() -> str:
    return (timezone.now() + timedelta(days=365)).date().isoformat()


def _colleague(actor, role: str) -> Client:
    named = {"email": f"{role}@example.org", "name": f"Pat {role.title()}", "role": role}
    found = Client()
    found.force_login(add_person(actor=actor, password=None, now=timezone.now(), **named))
    return found


def test_an_excluded_requirement_is_not_applicable_for_the_reason_given(client) -> None:
    response = client.post(JUDGE, _judged("exclusion", ends_at=_next_year()))
    assert response.status_code == 303
    assert response.headers["Location"] == "/frameworks/iso27001-2022?requirement=A.5.1#proof"
    page = client.get("/frameworks/iso27001-2022", {"requirement": "A.5.1"})
    assert page.context["tree"].proof.verdict is Verdict.NOT_APPLICABLE
    text = page.content.decode()
    assert "Judgement recorded" in text
    panel = text[text.index('id="proof"') :]
    assert panel.count("We rent no premises.") == 1
    assert f'Excluded until <time datetime="{_next_year()}">' in panel


def test_a_judgement_on_a_requirement_is_closed_from_its_proof(client) -> None:
    client.post(JUDGE, _judged("exclusion", ends_at=_next_year()))
    made = Judgement.objects.get()
    address = f"/judgements/{made.id}/close?requirement=A.5.1&gaps=1"
    assert address.replace("&", "&amp;") in client.get(
        "/frameworks/iso27001-2022", {"requirement": "A.5.1", "gaps": "1"}
    ).content.decode()  # fmt: skip
    refused = client.post(address, {"because": ""})
    assert refused.status_code == 422
    assert refused.context["asked"].gaps
    assert "One thing to put right" in refused.content.decode()
    closed = client.post(address, {"because": "Moved in."})
    assert closed.headers["Location"] == "/frameworks/iso27001-2022?requirement=A.5.1&gaps=1#proof"
    page = client.get("/frameworks/iso27001-2022", {"requirement": "A.5.1"})
    assert page.context["tree"].proof.verdict is Verdict.UNMET


@pytest.mark.parametrize("kind", ["exclusion", "accepted exception"])
def test_an_exclusion_or_exception_needs_an_end_and_loses_no_text(client, kind: str) -> None:
    response = client.post(JUDGE, _judged(kind))
    assert response.status_code == 422
    panel = response.content.decode()
    panel = panel[panel.index('id="proof"') :]
    assert "It needs an end date" in panel
    assert "We rent no premises.</textarea>" in panel
    assert not Judgement.objects.exists()


def test_a_requirement_is_judged_in_the_scope_shown(client, actor, then) -> None:
    slug = _systems(actor, 2, then)[0]
    address = f"/frameworks/iso42001-2023/judge?requirement=A.6.2.6&scope={slug}"
    response = client.post(address, _judged("minor nonconformity"))
    assert response.headers["Location"].endswith(f"requirement=A.6.2.6&scope={slug}#proof")
    assert Judgement.objects.get().scope == slug
    assert "It counts in System 0000 alone." in client.get(
        "/frameworks/iso42001-2023", {"requirement": "A.6.2.6", "scope": slug}
    ).content.decode()  # fmt: skip


def test_an_auditor_judges_a_requirement_and_an_owner_does_not(actor) -> None:
    auditor, owner = _colleague(actor, "auditor"), _colleague(actor, "owner")
    shown = {"requirement": "A.5.1"}
    assert "Record judgement" in auditor.get("/frameworks/iso27001-2022", shown).content.decode()
    assert "Record judgement" not in owner.get("/frameworks/iso27001-2022", shown).content.decode()
    refused = owner.post(JUDGE, _judged("minor nonconformity"))
    assert refused.status_code == 403
    assert "an auditor may" in refused.content.decode()
    assert not Judgement.objects.exists()
    assert auditor.post(JUDGE, _judged("minor nonconformity")).status_code == 303
    made = Judgement.objects.get()
    assert owner.post(f"/judgements/{made.id}/close", {"because": "Done."}).status_code == 403
    assert auditor.post(f"/judgements/{made.id}/close", {"because": "Done."}).status_code == 303


def test_strangers_do_not_judge(db) -> None:
    response = Client().post(JUDGE, _judged("minor nonconformity"))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("requirement", ["A.5", "A.99", ""])
def test_only_what_is_judged_by_itself_can_be_judged(client, requirement: str) -> None:
    address = f"/frameworks/iso27001-2022/judge?requirement={requirement}"
    assert client.post(address, _judged("minor nonconformity")).status_code == 404
    assert not Judgement.objects.exists()


def test_the_address_of_a_form_leads_to_the_page_it_stands_on(client) -> None:
    response = client.get(JUDGE)
    assert response.status_code == 302
    assert response.headers["Location"] == "/frameworks/iso27001-2022?requirement=A.5.1"
    assert client.put(JUDGE).status_code == 405


def test_another_day_is_for_reading_only(client) -> None:
    for at in ("2020-01-01", "2031-01-01"):
        text = client.get("/frameworks/iso27001-2022", {"requirement": "A.5.1", "at": at}).content.decode()
        assert "Record judgement" not in text


def test_what_the_command_line_recorded_is_annexas(client, then) -> None:
    judge(
        actor=ANNEXA, person=None, kind="minor nonconformity", framework="iso27001-2022", subject="A.5.1",
        because="Late.", now=then,
    )  # fmt: skip
    text = client.get("/frameworks/iso27001-2022", {"requirement": "A.5.1"}).content.decode()
    assert "Annexa, " in text[text.index("Late.") :][:60]


# --- what htmx asks for, and files


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
    assert text.count('hx-swap-oob="true"') == 4
    assert 'name="at" value="2026-01-01"' in text  # the pack is of the day that is shown


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


def test_a_withdrawn_edition_says_so_once(client) -> None:
    text = client.get("/frameworks").content.decode()
    assert "2013, withdrawn; replaced by the edition of 2022</span>" in text
    assert "never applied</span>" in text
