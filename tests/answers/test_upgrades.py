"""A dry run says what another library would change, to the last verdict, and writes nothing."""

from datetime import timedelta

import pytest

from annexa.actions.controls import adopt_control
from annexa.actions.libraries import import_files, upgrade_library
from annexa.answers.upgrades import preview_files, preview_upgrade
from annexa.library.load import load
from annexa.library.reader import LibraryError, shipped
from annexa.pure.posture import Verdict
from annexa.pure.upgrades import Change
from annexa.records.ledger import LedgerEntry
from tests.actions.test_libraries import BROKEN, FILES, HOUSE


def test_an_own_framework_shows_with_the_verdicts_it_would_have(organisation, actor, admin, now) -> None:
    before = LedgerEntry.objects.count()
    found = preview_files(actor=actor, files=FILES, now=now)
    assert found.changes == (Change(kind="added", what="framework", id="house-rules", title="House rules"),)
    assert [(c.requirement, c.before, c.after) for c in found.verdicts] == [
        ("R1", None, Verdict.UNMET),
        ("R2", None, Verdict.UNCOVERED),
    ]
    assert found.own == tuple(sorted(FILES))
    assert LedgerEntry.objects.count() == before


def test_a_changed_requirement_names_its_fields_and_a_verdict_that_moves(organisation, actor, admin, now) -> None:
    import_files(actor=actor, files=FILES, now=now)
    covered = (
        FILES["coverage/house-rules.toml"]
        + b'\n[[requirement]]\nid = "R2"\ncontributes = ["PHY-01"]\nbecause = "Doors."\n'
    )
    files = {
        "frameworks/house-rules.toml": HOUSE.replace(b"Visitors are met", b"Guests are met"),
        "coverage/house-rules.toml": covered,
    }
    found = preview_files(actor=actor, files=files, now=now + timedelta(hours=1), replace=True)
    assert [(c.kind, c.id, c.fields) for c in found.changes] == [
        ("changed", "R2", ("title",)),
        ("changed", "R2", ("coverage",)),
    ]
    assert [(c.requirement, c.before, c.after) for c in found.verdicts] == [("R2", Verdict.UNCOVERED, Verdict.UNMET)]


def test_withdrawing_shows_what_would_go(organisation, actor, now) -> None:
    import_files(actor=actor, files=FILES, now=now)
    found = preview_files(actor=actor, files={}, without=list(FILES), now=now + timedelta(hours=1))
    assert [(c.kind, c.what, c.id) for c in found.changes] == [("gone", "framework", "house-rules")]
    assert {c.after for c in found.verdicts} == {None}


def test_wrong_files_are_refused_with_every_problem(organisation, actor, now) -> None:
    with pytest.raises(LibraryError) as refused:
        preview_files(actor=actor, files={"frameworks/house-rules.toml": BROKEN}, now=now)
    assert len(refused.value.problems) >= 3


def test_a_new_version_is_previewed_then_taken_up(organisation, actor, admin, now, monkeypatch) -> None:
    assert preview_upgrade(actor=actor, now=now) is None
    from annexa.actions.libraries import keep_library

    keep_library()
    files = dict(shipped())
    del files["coverage/us-co-sb24-205.toml"], files["frameworks/us-co-sb24-205.toml"]
    for name in [n for n in files if "us-co-sb24-205" in n]:
        del files[name]
    found = load(files)
    for place in ("annexa.answers.libraries", "annexa.actions.libraries"):
        monkeypatch.setattr(f"{place}.shipped", lambda: files)
        monkeypatch.setattr(f"{place}.library", lambda: found)
    adopt_control(actor=actor, person=admin, control="SUP-01", state="implemented", now=now)
    seen = preview_upgrade(actor=actor, now=now + timedelta(hours=1))
    assert seen is not None
    assert [(c.kind, c.id) for c in seen.changes if c.what == "framework"] == [("gone", "us-co-sb24-205")]
    assert {c.framework for c in seen.verdicts} == {"us-co-sb24-205"}
    upgrade_library(actor=actor, now=now + timedelta(hours=2))
    assert preview_upgrade(actor=actor, now=now + timedelta(hours=3)) is None
