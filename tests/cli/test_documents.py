"""`annexa documents`, here and over another server: a file becomes a version, what is approved comes into force."""

import pytest

from annexa.actions.documents import approve_version
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.cli import words
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.documents import DOCUMENTS
from annexa.records.documents import DocumentStep
from tests.cli.test_records import annexa  # noqa: F401  a fixture
from tests.cli.test_remote import secret, server, token  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db


@pytest.fixture
def lee(annexa):  # noqa: F811
    """The approver of a document that has no text yet."""
    made = add_person(
        actor=ANNEXA, email="lee@example.org", name="Lee Lead", role="lead", password=None, now=words.now()
    )
    values = {
        "name": "Access", "kind": "policy", "owner": "ada@example.org", "approver": made.email, "review_months": 12,
        "classification": "internal",
    }  # fmt: skip
    add_record(actor=ANNEXA, register=DOCUMENTS, entry=DOCUMENTS.make(values), now=words.now())
    return made


def test_it_works(annexa, lee, tmp_path) -> None:  # noqa: F811
    file = tmp_path / "access.md"
    file.write_text("# Access\n")
    assert annexa("documents", "show", "access")[0] == 1, "nothing is in force"
    said = annexa("documents", "write", "access", file, "--hand-in", "--because", "First")
    assert said[:2] == (0, "access: version 1 is handed in.\n")
    approve_version(actor=actor_of(lee), person=lee, document="access", because="Read", now=words.now())
    code, out, _ = annexa("documents", "publish", "access", "--because", "Go")
    assert (code, out.startswith("access: version 1 is in force from ")) == (0, True)
    code, out, told = annexa("documents", "show", "access", "--format", "csv")
    assert (code, "published" in out, "access: in force" in told) == (0, True, True)
    assert [one.step for one in DocumentStep.objects.order_by("turn")] == [
        "drafted", "handed in", "approved", "published",
    ]  # fmt: skip


def test_what_is_wrong_is_said(annexa, lee, tmp_path) -> None:  # noqa: F811
    file = tmp_path / "access.md"
    file.write_text(" ")
    code, out, said = annexa("documents", "write", "access", file)
    assert (code, out) == (2, "")
    assert "Write something" in said
    assert annexa("documents", "publish", "access")[0] == 2, "there is nothing to publish"
    assert annexa("documents", "show", "ghost")[0] == 2
    assert annexa("documents", "write", "access", tmp_path / "none.md")[0] == 3
