"""`annexa exceptions`: how they stand here; decided over another server by a person."""

from datetime import timedelta

import pytest

from annexa.actions.registers import add_record
from annexa.cli import words
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.exceptions import EXCEPTIONS
from tests.actions.test_exceptions import entry
from tests.cli.test_records import annexa  # noqa: F401  a fixture
from tests.cli.test_remote import secret, server, token  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db


def test_it_works(annexa) -> None:  # noqa: F811
    assert annexa("exceptions", "list")[0] == 0
    now = words.now()
    add_record(actor=ANNEXA, register=EXCEPTIONS, entry=entry(now), now=now)
    code, out, _ = annexa("exceptions", "list", "--format", "csv")
    assert (code, "consoles,Consoles,asked,rob@example.org" in out) == (1, True)
    code, out, said = annexa("exceptions", "show", "consoles")
    assert (code, "consoles: asked" in said) == (1, True)
    assert annexa("exceptions", "show", "ghost")[0] == 2
    until = now.date() - timedelta(days=1)
    add_record(actor=ANNEXA, register=EXCEPTIONS, entry=entry(now, name="Doors", until=until, why=""), now=now)
    assert "Why: It is missing" in annexa("exceptions", "show", "doors")[2]


def test_people_decide_over_another_server_only(annexa, request) -> None:  # noqa: F811
    """Rule: what only people decide goes over a token of theirs; here Annexa itself would act."""
    now = words.now()
    add_record(actor=ANNEXA, register=EXCEPTIONS, entry=entry(now), now=now)
    if request.node.callspec.params["annexa"] == "here":
        code, out, said = annexa("exceptions", "approve", "consoles", "--because", "x")
        assert (code, out, "exceptions approve is for people" in said) == (2, "", True)
        return
    for verb, says in (("approve", "approved"), ("withdraw", "asked"), ("refuse", "refused")):
        code, out, said = annexa("exceptions", verb, "consoles", "--because", "Looked at")
        assert (code, out, said) == (0, f"consoles: {says}\n", "")
    code, out, said = annexa("exceptions", "show", "consoles", "--format", "csv")
    assert (code, out.count("Looked at"), said) == (0, 3, "consoles: refused\n")
    assert annexa("exceptions", "approve", "consoles", "--because", "x")[0] == 2
