"""The control pages: evidence, statements, declarations and judgements done where they stand, and what is refused."""

import logging
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from annexa.actions.controls import adopt_control, judge
from annexa.actions.door import door
from annexa.actions.evidence import LONGEST_NAME, add_evidence
from annexa.actions.people import actor_of, add_person
from annexa.answers.controls import control_page
from annexa.answers.frameworks import adopted_frameworks, explain
from annexa.answers.store import blobs
from annexa.answers.systems import passport
from annexa.library.load import library
from annexa.pure.permits import ANNEXA
from annexa.pure.posture import Verdict
from annexa.records.controls import Adoption, Closure, Judgement
from annexa.records.evidence import Evidence
from annexa.records.systems import AiSystem

CONTROL = "GOV-02"
SYSTEMIC = "LIF-07"
REQUIREMENT = "/frameworks/iso27001-2022?requirement=A.5.1#proof"
ARTIFACT = library().controls[CONTROL].expectations[0].id


@pytest.fixture
def client(admin) -> Client:
    """The administrator's browser."""
    return _browser(admin)


@pytest.fixture
def implemented(actor, admin) -> None:
    """The control is declared implemented; nothing is shown yet."""
    adopt_control(
        actor=actor, person=admin, control=CONTROL, state="implemented", now=timezone.now() - timedelta(hours=2)
    )


@pytest.fixture
def system(actor) -> AiSystem:
    """One AI system in use."""
    now = timezone.now() - timedelta(days=3)
    made = AiSystem(
        slug="triage", name="Triage of letters", stage="operation", roles=["deployer"], classes=["high-risk"],
        risk_class="high-risk", monitoring="yes", created_at=now, changed_at=now,
    )  # fmt: skip
    with door(actor=actor, verb="import_systems", now=now) as opened:
        opened.write(made, kind="ai_system", subject="ai_system/triage")
    return made


def _browser(person) -> Client:
    found = Client()
    found.force_login(person)
    return found


def _person(actor, role: str):
    return add_person(
        actor=actor, email=f"{role}@example.org", name=f"Pat {role.title()}", role=role, password=None,
        now=timezone.now(),
    )  # fmt: skip


def _file(name: str = "policy.pdf", data: bytes = b"%PDF-1.4 approved by the board") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def _add(client: Client, *, control: str = CONTROL, expectation: str = ARTIFACT, scope: str = "", **given):
    asked = {"file": _file(), "observed_at": timezone.now().date().isoformat(), "passing": "yes"} | given
    query = f"?expectation={expectation}" + (f"&scope={scope}" if scope else "")
    return client.post(f"/controls/{control}/evidence{query}", asked)


def _said(response) -> str:
    return response.content.decode()


# --- the catalogue


def test_catalogue_groups_by_family_and_counts(client) -> None:
    text = _said(client.get("/controls"))
    assert f"0 of {len(library().controls)} controls" in text
    assert text.index("Governance") < text.index("General-purpose models")
    for control in library().controls.values():
        assert f"/controls/{control.id}" in text


def test_catalogue_narrows_by_words_verdict_and_declaration(client, implemented) -> None:
    assert client.get("/controls", {"q": "human overrule"}).context["shown"] == 1
    assert client.get("/controls", {"verdict": "unproven"}).context["shown"] == 1
    assert client.get("/controls", {"implemented": "yes"}).context["shown"] == 1
    assert client.get("/controls", {"implemented": "no"}).context["shown"] == len(library().controls) - 1
    nothing = client.get("/controls", {"q": "zeppelin"})
    assert "No control matches" in _said(nothing)
    part = client.get("/controls", {"q": "oversight"}, headers={"HX-Request": "true", "HX-Target": "register"})
    assert "<html" not in _said(part)


@pytest.mark.parametrize("address", ["/controls", "/controls/GOV-02", "/controls/GOV-02/evidence", "/evidence/x/bytes"])
def test_strangers_are_sent_to_sign_in(db, address: str) -> None:
    assert Client().get(address).headers["Location"].startswith("/sign-in")
    assert Client().post(address).headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "address", ["/controls/NOPE-1", "/controls/GOV-02?scope=nobody", "/evidence/nope/bytes", "/judgements/nope/close"]
)
def test_what_is_not_there_is_404(client, address: str) -> None:
    answer = client.post(address) if address.startswith("/judgements") else client.get(address)
    assert answer.status_code == 404


def test_an_unknown_expectation_is_404(client) -> None:
    assert _add(client, expectation="nope").status_code == 404


def test_pages_ask_little(client, implemented, system, django_assert_max_num_queries) -> None:
    for address in ("/controls", "/controls/GOV-02", f"/controls/{SYSTEMIC}", f"/controls/{SYSTEMIC}?scope=triage"):
        client.get(address)
        with django_assert_max_num_queries(19):
            assert client.get(address).status_code == 200


# --- evidence


def test_evidence_flips_the_control_and_its_requirements_in_every_framework(client, actor, implemented) -> None:
    assert Verdict.UNPROVEN in client.get(f"/controls/{CONTROL}").context["page"].proof.verdict
    covered = [pair for pair in library().covered_by[CONTROL] if pair[0] in adopted_frameworks(library())]

    def met() -> set[tuple[str, str]]:
        now = timezone.now()
        return {
            (framework, requirement)
            for framework, requirement in covered
            if explain(actor=actor, framework=framework, requirement=requirement, now=now).verdict is Verdict.MET
        }

    assert not met()
    for expectation in library().controls[CONTROL].expectations:
        response = _add(client, expectation=expectation.id)
        assert response.status_code == 303
        assert response.headers["Location"] == f"/controls/{CONTROL}#at-{expectation.id}"
    page = client.get(f"/controls/{CONTROL}")
    assert page.context["page"].proof.verdict is Verdict.EFFECTIVE
    assert "is kept as evidence" in _said(page)
    assert {framework for framework, _ in met()} >= {"iso27001-2022", "iso42001-2023"}
    piece = Evidence.objects.first()
    entry = page.context["page"].expected[0].pieces[0].evidence.entry
    proof = _said(client.get("/frameworks/iso27001-2022", {"requirement": "A.5.1"}))
    assert piece.sha256 in proof
    assert f"/ledger/{entry}" in proof


def test_evidence_for_a_system_flips_it_in_the_passport(client, actor, admin, system) -> None:
    adopt_control(actor=actor, person=admin, control=SYSTEMIC, state="implemented", now=timezone.now())

    def in_passport() -> Verdict:
        found = passport(actor=actor, slug="triage", now=timezone.now())
        return next(proof.verdict for proof in found.controls if proof.control.id == SYSTEMIC)

    assert in_passport() is Verdict.UNPROVEN
    for expectation in library().controls[SYSTEMIC].expectations:
        if expectation.kind.value != "record":
            assert _add(client, control=SYSTEMIC, expectation=expectation.id, scope="triage").status_code == 303
    assert in_passport() is Verdict.EFFECTIVE
    whole = client.get(f"/controls/{SYSTEMIC}")
    assert "Effective in 1 of 1 AI systems." in _said(whole)


def test_newer_evidence_supersedes_and_the_older_is_folded(client, implemented) -> None:
    yesterday = (timezone.now() - timedelta(days=1)).date().isoformat()
    assert _add(client, file=_file("first.pdf"), observed_at=yesterday).status_code == 303
    assert _add(client, file=_file("second.pdf", b"%PDF-1.7 other"), note="Second edition").status_code == 303
    text = _said(client.get(f"/controls/{CONTROL}"))
    assert "1 earlier, superseded" in text
    assert text.index("second.pdf") < text.index("1 earlier, superseded") < text.index("first.pdf")
    assert "Second edition" in text


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"observed_at": "2999-01-01"}, "observed_at", "lies in the future"),
        ({"observed_at": "2020-01-01"}, "expires_at", "it would prove nothing"),
        ({"observed_at": "2026-01-02", "expires_at": "2026-01-01"}, "expires_at", "expire before it was observed"),
        ({"observed_at": "never"}, "observed_at", "valid date"),
        ({"file": ""}, "file", "Choose a file."),
        ({"passing": "perhaps"}, "passing", "perhaps"),
    ],
)
def test_wrong_evidence_is_refused_with_a_sentence_and_nothing_is_recorded(
    client, implemented, given, field: str, sentence: str
) -> None:
    response = _add(client, **({"note": "Kept text"} | given))
    assert response.status_code == 422
    text = _said(response)
    assert sentence in text
    assert f'href="#{ARTIFACT}-{field}' in text
    assert "Kept text" in text
    assert ("Choose the file again" in text) is (field != "file")
    assert not Evidence.objects.exists()


def test_an_empty_file_is_refused(client, implemented) -> None:
    response = _add(client, file=_file("empty.pdf", b""))
    assert response.status_code == 422
    assert "empty.pdf is empty." in _said(response)
    assert not Evidence.objects.exists()


def test_too_large_a_file_is_refused_before_it_is_read(admin, implemented, settings) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1024 * 1024
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin)
    response = _add(strict, file=_file("big.pdf", b"x" * (2 * 1024 * 1024)))
    assert response.status_code == 413
    assert "at most 1 MiB are taken. Nothing was kept." in _said(response)
    assert not Evidence.objects.exists()


def test_a_file_just_above_the_limit_is_refused_while_it_arrives(client, implemented, settings) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1024 * 1024
    response = _add(client, file=_file("big.pdf", b"x" * (1024 * 1024 + 10)))
    assert response.status_code == 413
    assert not Evidence.objects.exists()


def test_a_form_from_elsewhere_is_refused(admin, implemented) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin)
    assert _add(strict).status_code == 403
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("tab\there\u202e.pdf", "tabhere.pdf"),
        ("a" * 700 + ".pdf", None),
    ],
)
def test_names_are_cleaned_and_bytes_go_under_their_digest(client, implemented, name: str, kept: str | None) -> None:
    response = _add(client, file=_raw(name))
    assert response.status_code == 303
    made = Evidence.objects.get()
    assert len(made.name) <= LONGEST_NAME
    assert kept is None or made.name == kept
    assert "/" not in made.name
    assert "\\" not in made.name
    assert blobs().has(made.sha256)


def test_a_name_longer_than_a_form_may_carry_is_refused(client, implemented) -> None:
    response = _add(client, file=_raw("a" * 5_000 + ".pdf"))
    assert response.status_code == 422
    assert "could not be read" in _said(response)
    assert not Evidence.objects.exists()


def test_a_name_that_is_only_a_path_is_no_file(client, implemented) -> None:
    response = _add(client, file=_raw("../.."))
    assert response.status_code == 422
    assert not Evidence.objects.exists()


def _raw(name: str) -> SimpleUploadedFile:
    """A file whose name is sent as it is; the test client would clean it first."""
    found = _file("x")
    found._name = name
    return found


# --- bytes


def _kept(actor, admin, name: str = "policy.pdf", data: bytes = b"%PDF-1.4 text") -> Evidence:
    return add_evidence(
        actor=actor, person=admin, control=CONTROL, expectation=ARTIFACT, file=data, name=name, limit_bytes=10_000,
        now=timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["policy.pdf", 'a "quoted" name.pdf', "Übersicht – 政策.pdf"])
def test_bytes_are_saved_never_shown(client, actor, admin, name: str) -> None:
    made = _kept(actor, admin, name)
    response = client.get(f"/evidence/{made.id}/bytes")
    assert b"".join(response.streaming_content) == b"%PDF-1.4 text"
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"].startswith("attachment; filename")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert policy == ["sandbox", "default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]
    assert response.headers["Content-Length"] == "13"


def test_a_page_among_the_evidence_is_not_served_as_one(client, actor, admin) -> None:
    made = _kept(actor, admin, "page.pdf", b"<html><script>alert(1)</script></html>")
    assert made.media_type == "text/html"
    response = client.get(f"/evidence/{made.id}/bytes")
    assert response.headers["Content-Type"] == "application/octet-stream"
    response.close()


def test_evidence_forged_on_disk_is_withheld_and_reported(client, actor, admin, caplog) -> None:
    made = _kept(actor, admin)
    blobs()._path(made.sha256).chmod(0o600)
    blobs()._path(made.sha256).write_bytes(b"%PDF-1.4 forged")
    with caplog.at_level(logging.ERROR, logger="annexa.web.controls"):
        response = client.get(f"/evidence/{made.id}/bytes")
    assert response.status_code == 409
    assert f"The stored bytes of {made.sha256} were changed" in _said(response)
    assert b"forged" not in response.content.replace(b"was forged", b"")
    assert made.id in caplog.text
    pack = client.post("/pack", {"frameworks": ["iso27001-2022"]})
    assert pack.status_code == 409


def test_missing_evidence_is_404_with_a_sentence(client, actor, admin) -> None:
    made = _kept(actor, admin)
    blobs()._path(made.sha256).unlink()
    response = client.get(f"/evidence/{made.id}/bytes")
    assert response.status_code == 404
    assert "No bytes are stored under the SHA-256" in _said(response)


# --- statements, declarations, judgements


def _spoken() -> tuple[str, str]:
    return next(
        (control.id, expectation.id)
        for control in library().controls.values()
        for expectation in control.expectations
        if expectation.kind.value == "attestation" and control.level == "organisation"
    )


def test_a_statement_is_kept_as_evidence(client) -> None:
    control, expectation = _spoken()
    address = f"/controls/{control}/attest?expectation={expectation}"
    short = client.post(address, {"statement": "ok", "passing": "yes"})
    assert short.status_code == 422
    assert "Say in a sentence" in _said(short)
    done = client.post(address, {"statement": "Every line manager confirmed it to me.", "passing": "yes"})
    assert done.status_code == 303
    made = Evidence.objects.get()
    assert "Every line manager" in _said(client.get(f"/controls/{control}"))
    response = client.get(f"/evidence/{made.id}/bytes")
    assert b"Ada Admin" in b"".join(response.streaming_content)
    assert ".txt" in response.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"state": "planned"}, "A plan needs a date."),
        ({"state": "planned", "plan_due": "2020-01-01"}, "is not ahead"),
        ({"state": "excluded"}, "needs a justification"),
        ({}, "required"),
    ],
)
def test_a_declaration_says_what_it_lacks(client, given, sentence: str) -> None:
    response = client.post(f"/controls/{CONTROL}/adopt", given)
    assert response.status_code == 422
    assert sentence in _said(response)
    assert not Adoption.objects.exists()


def test_declarations_change_the_verdict_and_stay_in_the_history(client) -> None:
    ahead = (timezone.now() + timedelta(days=30)).date().isoformat()
    for given, verdict in (
        ({"state": "planned", "plan_due": ahead}, Verdict.PLANNED),
        ({"state": "implemented"}, Verdict.UNPROVEN),
        ({"state": "excluded", "because": "No such work is done here."}, Verdict.NOT_APPLICABLE),
    ):
        assert client.post(f"/controls/{CONTROL}/adopt", given).status_code == 303
        page = client.get(f"/controls/{CONTROL}")
        assert page.context["page"].proof.verdict is verdict
    assert "No such work is done here." in _said(page)
    assert len(page.context["page"].adoptions) == 3


def test_one_system_may_decide_differently_with_a_reason(client, implemented, system) -> None:
    inherited = client.get(f"/controls/{CONTROL}?scope=triage")
    assert "The organisation does this for every AI system." in _said(inherited)
    assert "Keep as evidence" not in _said(inherited)
    address = f"/controls/{CONTROL}/adopt?scope=triage"
    assert client.post(address, {"state": "implemented"}).status_code == 422
    assert client.post(address, {"state": "implemented", "because": "Its own policy."}).status_code == 303
    assert "Keep as evidence" in _said(client.get(f"/controls/{CONTROL}?scope=triage"))


def test_judgements_are_recorded_and_closed(client, implemented) -> None:
    address = f"/controls/{CONTROL}/judge"
    assert client.post(address, {"kind": "major nonconformity", "because": ""}).status_code == 422
    asked = {"kind": "accepted exception", "because": "Until the move."}
    assert "It needs an end date" in _said(client.post(address, asked))
    asked = {"kind": "major nonconformity", "because": "Three of ten did not know it."}
    assert client.post(address, asked).status_code == 303
    page = client.get(f"/controls/{CONTROL}")
    assert "An open major nonconformity stands against it." in _said(page)
    made = Judgement.objects.get()
    refused = client.post(f"/judgements/{made.id}/close", {"because": ""})
    assert refused.status_code == 422
    assert client.post(f"/judgements/{made.id}/close", {"because": "All were told again."}).status_code == 303
    assert Closure.objects.count() == 1
    again = client.post(f"/judgements/{made.id}/close", {"because": "Once more."})
    assert again.status_code == 422
    assert "It is closed already." in _said(again)


def test_a_judgement_on_a_requirement_is_closed_too(client, actor, admin) -> None:
    made = judge(
        actor=actor, person=admin, kind="minor nonconformity", framework="iso27001-2022", subject="A.5.1",
        because="Late.", now=timezone.now(),
    )  # fmt: skip
    assert client.post(f"/judgements/{made.id}/close", {"because": ""}).status_code == 422
    response = client.post(f"/judgements/{made.id}/close", {"because": "Done since."})
    assert response.headers["Location"] == REQUIREMENT


@pytest.mark.parametrize("verb", ["adopt", "evidence", "attest", "judge"])
def test_the_address_of_a_form_leads_to_the_page_it_stands_on(client, verb: str) -> None:
    response = client.get(f"/controls/{CONTROL}/{verb}?expectation=x")
    assert response.status_code == 302
    assert response.headers["Location"] == f"/controls/{CONTROL}?expectation=x"


def test_the_address_that_closes_a_judgement_leads_to_where_it_stands(client, actor, admin) -> None:
    now = timezone.now()
    given = {"actor": actor, "person": admin, "kind": "minor nonconformity", "because": "Late.", "now": now}
    on_control = judge(subject=CONTROL, **given)
    on_requirement = judge(subject="A.5.1", framework="iso27001-2022", **given)
    said = {
        one.id: client.get(f"/judgements/{one.id}/close").headers["Location"] for one in (on_control, on_requirement)
    }
    assert said[on_control.id] == f"/controls/{CONTROL}#at-judge"
    assert said[on_requirement.id] == "/frameworks/iso27001-2022?requirement=A.5.1#proof"
    assert client.get("/judgements/nobody/close").status_code == 404


def test_what_the_command_line_declared_is_annexas(client) -> None:
    adopt_control(actor=ANNEXA, person=None, control=CONTROL, state="implemented", now=timezone.now())
    assert '<small class="meta">Annexa</small>' in client.get(f"/controls/{CONTROL}").content.decode()


def test_an_auditor_judges_but_does_not_upload(actor, implemented, settings) -> None:
    auditor = _browser(_person(actor, "auditor"))
    page = _said(auditor.get(f"/controls/{CONTROL}"))
    assert "Record judgement" in page
    assert "Keep as evidence" not in page
    assert "Declare state" not in page
    for response in (_add(auditor), auditor.post(f"/controls/{CONTROL}/adopt", {"state": "implemented"})):
        assert response.status_code == 403
        assert "may not" in _said(response)
    assert not Evidence.objects.exists()
    assert not [path for path in settings.STORE.rglob("*") if path.is_file() and "blobs" in path.parts]
    asked = {"kind": "minor nonconformity", "because": "One copy was out of date."}
    assert auditor.post(f"/controls/{CONTROL}/judge", asked).status_code == 303


def test_an_owner_does_not_exclude(actor) -> None:
    owner = _browser(_person(actor, "owner"))
    response = owner.post(f"/controls/{CONTROL}/adopt", {"state": "excluded", "because": "Not for us."})
    assert response.status_code == 403
    assert "a compliance lead may" in _said(response)
    assert not Adoption.objects.exists()


# --- another day, many systems


def test_another_day_is_for_reading_only(client, implemented) -> None:
    _add(client)
    client.get("/controls")
    past = _said(client.get(f"/controls/{CONTROL}", {"at": "2020-01-01"}))
    assert "Nobody declared it implemented" in past
    assert "policy.pdf" not in past
    for verb in ("Keep as evidence", "Declare state", "Record judgement"):
        assert verb not in past
    ahead = client.get(f"/controls/{CONTROL}", {"at": "2030-01-01"})
    assert "A look ahead" in _said(ahead)


def test_systems_to_choose_from_are_searched_and_limited(client, actor) -> None:
    now = timezone.now() - timedelta(days=1)
    made = [
        AiSystem(slug=f"s-{i}", name=f"System {i:03}", stage="operation", created_at=now, changed_at=now)
        for i in range(60)
    ]
    with door(actor=actor, verb="import_systems", now=now) as opened:
        opened.write_many(made, kind="ai_system", subject=lambda one: f"ai_system/{one.slug}")
    page = client.get(f"/controls/{SYSTEMIC}")
    assert len(page.context["systems"]) == 50
    assert "search for the others" in _said(page)
    assert [one.system.id for one in client.get(f"/controls/{SYSTEMIC}", {"q": "058"}).context["systems"]] == ["s-58"]
    assert "No system matches" in _said(client.get(f"/controls/{SYSTEMIC}", {"q": "zeppelin"}))


def test_answers_for_a_page_hold_what_the_page_shows(actor, implemented) -> None:
    page = control_page(actor=actor, control=CONTROL, now=timezone.now())
    assert page.why.startswith("Declared implemented, never shown")
    assert not page.overridden
    assert actor_of(page.adoptions[0].by) == actor
