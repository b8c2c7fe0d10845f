"""A library is taken up whole or not at all, by who may, and the past keeps the one it was judged with."""

from collections import OrderedDict
from datetime import timedelta

import pytest

from annexa.actions.errors import ConflictError, InvalidError, NotPermittedError
from annexa.actions.libraries import import_files, keep_library, settle_library, upgrade_library, withdraw_files
from annexa.actions.organisation import choose_frameworks
from annexa.answers import libraries
from annexa.answers.frameworks import framework_page, list_frameworks
from annexa.answers.libraries import LibraryUnreadableError, active_library, files_of, is_kept, own_files, taken_up
from annexa.answers.posture import standpoint
from annexa.answers.store import blobs
from annexa.library.load import library, load
from annexa.library.reader import shipped
from annexa.pure.permits import Actor
from annexa.pure.posture import Verdict
from annexa.records.ledger import LedgerEntry

HOUSE = b"""\
id = "house-rules"
version = "1"
title = "House rules"
publisher = "Test House"
licence_note = "Ours"
source_url = "https://example.org/rules"
language = "en"
level = "organisation"
edition = "2026"
status = "current"

[[requirement]]
id = "R1"
kind = "rule"
title = "Suppliers are looked at"
summary = "Nobody supplies us whom nobody looked at."

[[requirement]]
id = "R2"
kind = "rule"
title = "Visitors are met"
summary = "Whoever visits is met at the door."
"""
COVERED = b"""\
framework = "house-rules"

[[requirement]]
id = "R1"
sufficient = [["SUP-01"]]
because = "The file of each supplier shows who looked."
"""
FILES = {"frameworks/house-rules.toml": HOUSE, "coverage/house-rules.toml": COVERED}
BROKEN = HOUSE.replace(b'title = "Visitors are met"', b"titel = 7") + b'\n[[requirement]]\nid = "R1"\n'


def test_own_frameworks_are_judged_like_shipped_ones(organisation, actor, now) -> None:
    done = import_files(actor=actor, files=FILES, now=now, because="Our customers ask for them")
    assert done.own == tuple(sorted(FILES))
    page = framework_page(actor=actor, framework="house-rules", now=now)
    assert [line.verdict for line in page.posture.lines] == [Verdict.UNMET, Verdict.UNCOVERED]
    assert "house-rules" in [line.framework.id for line in list_frameworks(actor=actor, now=now)]
    assert own_files() == FILES
    entry = LedgerEntry.objects.order_by("-position").first()
    assert entry.kind == "library"
    assert taken_up()[0].because == "Our customers ask for them"


def test_the_past_is_judged_with_the_library_of_its_day(organisation, actor, now) -> None:
    later = now + timedelta(days=10)
    import_files(actor=actor, files=FILES, now=later)
    before = standpoint(actor=actor, now=later, at=now + timedelta(days=9)).library
    assert before.version == library().version
    assert "house-rules" in standpoint(actor=actor, now=later, at=later).library.frameworks
    withdraw_files(actor=actor, names=list(FILES), now=later + timedelta(days=1), because="Customer gone")
    today = later + timedelta(days=2)
    assert "house-rules" not in standpoint(actor=actor, now=today).library.frameworks
    assert "house-rules" in standpoint(actor=actor, now=today, at=later).library.frameworks
    assert active_library().version == library().version


def test_a_broken_file_is_refused_with_every_problem_and_nothing_changes(organisation, actor, now) -> None:
    before = LedgerEntry.objects.count()
    with pytest.raises(InvalidError) as refused:
        import_files(actor=actor, files={**FILES, "frameworks/house-rules.toml": BROKEN, "notes.md": b"Hello"}, now=now)
    said = " ".join(refused.value.problems["files"])
    for part in ("titel is not a known key", "title is missing", "id occurs twice", "notes.md: file: is not a library"):
        assert part in said
    assert LedgerEntry.objects.count() == before
    assert active_library() is library()


def test_addresses_of_pages_are_no_ids(organisation, actor, now) -> None:
    taken = HOUSE.replace(b"house-rules", b"library")
    with pytest.raises(InvalidError, match="cannot have this id"):
        import_files(actor=actor, files={"frameworks/library.toml": taken}, now=now)


def test_a_shipped_file_is_only_replaced_on_purpose(organisation, actor, now) -> None:
    name = "controls/SUP-01.toml"
    mine = shipped()[name].replace(b"effort = ", b"effort = 1")
    with pytest.raises(InvalidError, match="in the library already"):
        import_files(actor=actor, files={name: mine}, now=now)
    import_files(actor=actor, files={name: mine}, now=now, replace=True)
    assert active_library().controls["SUP-01"].effort != library().controls["SUP-01"].effort
    withdraw_files(actor=actor, names=[name], now=now, because="The shipped one is better")
    assert active_library() is library()


def test_the_same_again_is_a_conflict(organisation, actor, now) -> None:
    import_files(actor=actor, files=FILES, now=now)
    with pytest.raises(ConflictError):
        import_files(actor=actor, files=FILES, now=now)
    with pytest.raises(ConflictError):
        upgrade_library(actor=actor, now=now)


def test_what_others_refer_to_cannot_go(organisation, actor, now) -> None:
    import_files(actor=actor, files=FILES, now=now)
    with pytest.raises(InvalidError, match="house-rules"):
        withdraw_files(actor=actor, names=["frameworks/house-rules.toml"], now=now, because="Gone")
    with pytest.raises(InvalidError, match="none of your own"):
        withdraw_files(actor=actor, names=["controls/SUP-01.toml"], now=now, because="Gone")
    with pytest.raises(InvalidError, match="why"):
        withdraw_files(actor=actor, names=list(FILES), now=now, because=" ")


@pytest.mark.parametrize("role", ["owner", "auditor"])
def test_only_leads_and_administrators_may(organisation, now, role) -> None:
    someone = Actor(id="x", name="Ola", role=role)
    for act in (
        lambda: import_files(actor=someone, files=FILES, now=now),
        lambda: withdraw_files(actor=someone, names=["x"], now=now, because="x"),
        lambda: upgrade_library(actor=someone, now=now),
    ):
        with pytest.raises(NotPermittedError):
            act()


@pytest.fixture
def newer(monkeypatch):
    """The next version of Annexa: one control says more, one requirement is new."""
    files = dict(shipped())
    files["controls/SUP-01.toml"] = files["controls/SUP-01.toml"].replace(b"effort = ", b"effort = 1")
    found = load(files)
    monkeypatch.setattr(libraries, "_loaded", OrderedDict())
    for place in ("annexa.answers.libraries", "annexa.actions.libraries"):
        monkeypatch.setattr(f"{place}.shipped", lambda: files)
        monkeypatch.setattr(f"{place}.library", lambda: found)
    return found


def test_a_new_version_waits_until_it_is_taken_up(organisation, actor, now, request) -> None:
    import_files(actor=actor, files=FILES, now=now)
    keep_library()
    old = active_library().version
    newer = request.getfixturevalue("newer")
    assert active_library().version == old
    assert libraries.upgrade() is not None
    done = upgrade_library(actor=actor, now=now + timedelta(days=1))
    assert done.own == tuple(sorted(FILES))
    assert active_library().controls["SUP-01"] == newer.controls["SUP-01"]
    assert "house-rules" in active_library().frameworks
    assert standpoint(actor=actor, now=now + timedelta(days=2), at=now).library.version == old
    assert libraries.upgrade() is None


def test_a_library_that_was_never_kept_gives_way_with_an_entry(organisation, actor, now, newer) -> None:
    old = taken_up()[0].version
    assert not is_kept(old)
    with pytest.raises(LibraryUnreadableError, match="Restore the vault"):
        active_library()
    settle_library(now=now)
    assert active_library() is newer
    assert "not kept" in taken_up()[0].because
    settle_library(now=now)
    assert len(taken_up()) == 2


def test_keeping_puts_every_file_under_its_digest(organisation, actor, now) -> None:
    assert not blobs().has(library().version)
    keep_library()
    assert blobs().has(library().version)
    assert files_of(library().version) == shipped()


def test_frameworks_are_chosen_in_ones_own_order(organisation, actor, now) -> None:
    chosen = choose_frameworks(actor=actor, frameworks=["gdpr", "iso27001-2022", "gdpr"], now=now).frameworks
    assert chosen == ["gdpr", "iso27001-2022"]
    assert [line.framework.id for line in list_frameworks(actor=actor, now=now) if line.adopted] == chosen
    assert LedgerEntry.objects.order_by("-position").first().kind == "organisation"
    with pytest.raises(ConflictError):
        choose_frameworks(actor=actor, frameworks=chosen, now=now)


@pytest.mark.parametrize(("frameworks", "says"), [([], "at least one"), (["iso9", "iso8"], "iso9.*iso8")])
def test_a_wrong_choice_is_refused_with_every_problem(organisation, actor, now, frameworks, says) -> None:
    with pytest.raises(InvalidError, match=says):
        choose_frameworks(actor=actor, frameworks=frameworks, now=now)


def test_an_auditor_chooses_nothing(organisation, now) -> None:
    with pytest.raises(NotPermittedError):
        choose_frameworks(actor=Actor(id="x", name="Ola", role="auditor"), frameworks=["gdpr"], now=now)
