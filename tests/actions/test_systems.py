"""AI systems come into the register whole or not at all, and nobody overwrites what they have not seen."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.systems import add_system, change_system, import_systems
from annexa.answers.imports import RESERVED, plan_systems
from annexa.pure.permits import Actor
from annexa.pure.slugs import slug_of
from annexa.pure.systems import SystemFacts
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.systems import AiSystem
from tests.actions.test_door import check_ledger

AUDITOR = Actor(id="person/99", name="Otto Auditor", role="auditor")
CSV = b"Name,Stage,Owner\nChatbot,live,ada@example.org\nTriage,concept,\n"


def planned(actor, data=CSV, name="inventory.csv"):
    return plan_systems(actor=actor, data=data, name=name)


def body_of(entry) -> dict:
    return json.loads(bytes(EntryBody.objects.get(position=entry.position).body))


# --- by hand


def test_it_works(organisation, actor, now) -> None:
    before = check_ledger()
    made = add_system(actor=actor, facts=SystemFacts(name="  Chat\tbot  ", classes=("high-risk",)), now=now)
    assert (made.slug, made.name, made.risk_class) == ("chat-bot", "Chat bot", "high-risk")
    assert check_ledger() == before + 1
    entry = LedgerEntry.objects.order_by("-position").first()
    assert (entry.kind, entry.subject, entry.actor) == ("ai_system", "ai_system/chat-bot", actor.id)
    assert body_of(entry)["state"] == made.state()


def test_every_problem_is_told_by_field_and_nothing_is_written(organisation, actor, now) -> None:
    wrong = SystemFacts(name=" ", owner="x@@y", classes=("minimal", "gpai"), high_risk_by="annex-i")
    before = check_ledger()
    with pytest.raises(InvalidError) as error:
        add_system(actor=actor, facts=wrong, now=now)
    assert set(error.value.problems) == {"name", "owner", "classes", "high_risk_by"}
    assert error.value.problems["name"] == ("Name is missing.",)
    assert not AiSystem.objects.exists()
    assert check_ledger() == before


def test_a_word_that_does_not_exist_is_refused(organisation, actor, now) -> None:
    with pytest.raises(InvalidError, match="none of"):
        add_system(actor=actor, facts=SystemFacts(name="A", stage="flying"), now=now)  # type: ignore[arg-type]


def test_a_reference_is_given_once(organisation, actor, now) -> None:
    made = add_system(actor=actor, facts=SystemFacts(name="A", reference="AIS-1"), now=now)
    with pytest.raises(InvalidError, match="A has this reference already"):
        add_system(actor=actor, facts=SystemFacts(name="B", reference="ais-1"), now=now)
    change_system(actor=actor, slug="a", facts=replace(made.facts(), unit="X"), seen=made.changed_at, now=now)


def test_changing_leaves_an_entry_with_its_reason_and_the_same_facts_leave_none(organisation, actor, now) -> None:
    made = add_system(actor=actor, facts=SystemFacts(name="A", source=(("Old", "kept"),)), now=now)
    size = check_ledger()
    later = now + timedelta(minutes=1)
    same = change_system(actor=actor, slug="a", facts=made.facts(), seen=now, now=later)
    assert (same.changed_at, check_ledger()) == (now, size)
    facts = replace(made.facts(), owner="Mei Tanaka")
    changed = change_system(actor=actor, slug="a", facts=facts, seen=now, now=later, because="She took over")
    assert (changed.changed_at, check_ledger()) == (later, size + 1)
    body = body_of(LedgerEntry.objects.order_by("-position").first())
    assert (body["because"], body["state"]["owner"]) == ("She took over", "Mei Tanaka")
    assert AiSystem.objects.get(slug="a").facts() == facts


def test_what_somebody_else_changed_is_not_overwritten(organisation, actor, now) -> None:
    made = add_system(actor=actor, facts=SystemFacts(name="A"), now=now)
    later = now + timedelta(minutes=1)
    change_system(actor=actor, slug="a", facts=SystemFacts(name="A", unit="X"), seen=made.changed_at, now=later)
    with pytest.raises(ConflictError, match="Somebody else changed A"):
        change_system(actor=actor, slug="a", facts=SystemFacts(name="B"), seen=made.changed_at, now=later)
    assert AiSystem.objects.get(slug="a").name == "A"


def test_a_system_that_is_not_there_cannot_be_changed(organisation, actor, now) -> None:
    with pytest.raises(NotFoundError):
        change_system(actor=actor, slug="nope", facts=SystemFacts(name="A"), seen=now, now=now)


def test_an_auditor_changes_nothing(organisation, actor, now) -> None:
    made = add_system(actor=actor, facts=SystemFacts(name="A"), now=now)
    size = check_ledger()
    for attempt in (
        lambda: add_system(actor=AUDITOR, facts=SystemFacts(name=""), now=now),
        lambda: change_system(actor=AUDITOR, slug="a", facts=SystemFacts(name="B"), seen=made.changed_at, now=now),
        lambda: import_systems(actor=AUDITOR, planned=planned(actor), now=now),
    ):
        with pytest.raises(NotPermittedError, match="Otto Auditor may not"):
            attempt()
    assert (AiSystem.objects.count(), check_ledger()) == (1, size)


# --- names in addresses


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Chat bot 2.0", "chat-bot-2-0"),
        ("Übersetzer für Bürgerbriefe", "ubersetzer-fur-burgerbriefe"),
        ("翻訳", "system"),
        ("../../etc/passwd\0", "etc-passwd"),
        ("<script>alert(1)</script>", "script-alert-1-script"),
        ("word " * 40, "word-word-word-word-word-word-word-word-word-word-word-word"),
        ("x" * 300, "x" * 60),
    ],
)
def test_a_slug_is_plain_and_short(name, slug) -> None:
    assert slug_of(name) == slug


def test_slugs_are_never_given_twice_and_never_reserved(organisation, actor, now) -> None:
    names = ["Import", "Organisation", "add", "EXPORT", "A", "a", "A!"]
    slugs = [add_system(actor=actor, facts=SystemFacts(name=name), now=now).slug for name in names]
    assert slugs == ["import-2", "organisation-2", "add-2", "export-2", "a", "a-2", "a-3"]
    assert not RESERVED & set(slugs)


def test_a_slug_of_the_file_comes_before_made_ones(organisation, actor, now) -> None:
    data = b"Name,Slug\nTriage,\nOther,triage\n"
    import_systems(actor=actor, planned=planned(actor, data), now=now)
    assert set(AiSystem.objects.values_list("name", "slug")) == {("Triage", "triage-2"), ("Other", "triage")}


# --- from a file


def test_an_import_is_one_entry_for_each_system_and_one_for_the_file(organisation, actor, now) -> None:
    before = check_ledger()
    told: list[tuple[int, int]] = []
    plan = planned(actor)
    done = import_systems(actor=actor, planned=plan, now=now, progress=lambda n, of: told.append((n, of)))
    assert (done.added, done.updated, done.unchanged, done.skipped) == (2, 0, 0, 0)
    assert check_ledger() == before + 3
    assert told == [(2, 2)]
    entry = LedgerEntry.objects.get(position=done.entry)
    state = body_of(entry)["state"]
    assert (entry.kind, entry.subject) == ("import", f"import/{plan.sha256}")
    assert (state["name"], state["rows"], state["added"], state["updated"], state["unchanged"]) == (
        "inventory.csv", 2, 2, 0, 0,
    )  # fmt: skip
    assert 'name = "Name"' in state["mapping"]


def test_the_same_file_again_leaves_no_trace(organisation, actor, now) -> None:
    import_systems(actor=actor, planned=planned(actor), now=now)
    size = check_ledger()
    done = import_systems(actor=actor, planned=planned(actor), now=now + timedelta(days=1))
    assert (done.unchanged, done.entry) == (2, None)
    assert check_ledger() == size


def test_one_changed_cell_is_one_update(organisation, actor, now) -> None:
    import_systems(actor=actor, planned=planned(actor), now=now)
    size, later = check_ledger(), now + timedelta(days=1)
    done = import_systems(actor=actor, planned=planned(actor, CSV.replace(b"concept", b"retired")), now=later)
    assert (done.updated, done.unchanged) == (1, 1)
    assert check_ledger() == size + 2
    triage, chatbot = AiSystem.objects.get(slug="triage"), AiSystem.objects.get(slug="chatbot")
    assert (triage.stage, triage.changed_at, triage.created_at) == ("retirement", later, now)
    assert chatbot.changed_at == now


def test_a_changed_class_is_also_the_gravest_one(organisation, actor, now) -> None:
    data = b"Name,Risk classes\nA,minimal\n"
    import_systems(actor=actor, planned=planned(actor, data), now=now)
    import_systems(actor=actor, planned=planned(actor, data.replace(b"minimal", b"high-risk")), now=now)
    assert AiSystem.objects.get().risk_class == "high-risk"


def test_a_problem_in_row_2000_leaves_no_row(organisation, actor, now) -> None:
    rows = [f"System {i},2026-01-31" for i in range(2, 2133)]
    rows[1998] = "System 2000,2026-02-31"
    data = ("Name,Deployed on\n" + "\n".join(rows)).encode()
    before = check_ledger()
    with pytest.raises(InvalidError) as error:
        import_systems(actor=actor, planned=planned(actor, data), now=now)
    assert "Row 2000, column Deployed on" in error.value.problems["file"][0]
    assert not AiSystem.objects.exists()
    assert check_ledger() == before


def test_bad_rows_are_left_out_when_asked(organisation, actor, now) -> None:
    data = b"Name,Deployed on\nA,2026-01-31\nB,2026-02-31\n"
    done = import_systems(actor=actor, planned=planned(actor, data), now=now, skip_bad=True)
    assert (done.added, done.skipped) == (1, 1)
    with pytest.raises(InvalidError):
        import_systems(actor=actor, planned=planned(actor, b"Nothing\nx\n"), now=now, skip_bad=True)


def test_a_register_that_changed_meanwhile_refuses_the_import(organisation, actor, now) -> None:
    plan = planned(actor)
    add_system(actor=actor, facts=SystemFacts(name="Chatbot"), now=now)
    size = check_ledger()
    with pytest.raises(ConflictError, match="Nothing was imported"):
        import_systems(actor=actor, planned=plan, now=now)
    assert (AiSystem.objects.count(), check_ledger()) == (1, size)


def test_a_failure_half_way_leaves_nothing(organisation, actor, now) -> None:
    rows = "\n".join(f"System {i}" for i in range(1200))
    before = check_ledger()

    def stop(done: int, _of: int) -> None:
        if done == 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_systems(actor=actor, planned=planned(actor, f"Name\n{rows}".encode()), now=now, progress=stop)
    assert not AiSystem.objects.exists()
    assert check_ledger() == before


@pytest.mark.slow
def test_the_federal_inventory_takes_seconds(organisation, actor, now, federal_inventory) -> None:
    import time

    begun = time.perf_counter()
    plan = planned(actor, federal_inventory.read_bytes(), federal_inventory.name)
    done = import_systems(actor=actor, planned=plan, now=now)
    assert time.perf_counter() - begun < 10
    assert done.added == 2133
    assert len(set(AiSystem.objects.values_list("slug", flat=True))) == 2133
