"""`annexa uses`, `acceptances`, `due-diligence`: how they stand; people decide over another server."""

from datetime import timedelta

import pytest

from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.actions.risks import propose_acceptance
from annexa.actions.uses import ask_use
from annexa.cli import words
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.registers.uses import USES
from tests.cli.test_records import annexa  # noqa: F401  a fixture
from tests.cli.test_remote import secret, server, token  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db
ASKED = {
    "purpose": "writing and editing", "data_class": "internal", "personal_data": "none", "result": "own draft or idea",
}  # fmt: skip


@pytest.fixture
def ola(annexa):  # noqa: F811
    return add_person(actor=ANNEXA, email="ola@example.org", name="Ola", role="owner", password=None, now=words.now())


def there(request) -> bool:
    return request.node.callspec.params["annexa"] == "there"


def refused_here(said) -> None:
    code, out, told = said
    assert (code, out, "is for people" in told) == (2, "", True)


def test_uses(annexa, ola, request) -> None:  # noqa: F811
    entry = USES.make({"name": "Letters", "tool_named": "Newcomer", **ASKED})
    ask_use(actor=actor_of(ola), person=ola, entry=entry, now=words.now())
    code, out, _ = annexa("uses", "list", "--format", "csv")
    assert (code, "letters,Letters,Newcomer,with owner,True,False,ola@example.org" in out) == (0, True)
    code, out, said = annexa("uses", "show", "letters")
    assert (code, "a person decides" in out, "waits for a person" in said) == (1, True, True)
    assert annexa("uses", "show", "ghost")[0] == 2
    until = (words.now() + timedelta(days=90)).date().isoformat()
    approve = ("uses", "approve", "letters", "--until", until, "--because", "Useful", "--conditions", "Drafts only")
    given = [part for name, word in ASKED.items() for part in (f"--{name.replace('_', '-')}", word)]
    ask = ("uses", "ask", "Speeches", "--tool-named", "Newcomer", *given)
    if not there(request):
        assert annexa("uses", "list", "--of", "mine")[0] == 2
        refused_here(annexa(*approve))
        refused_here(annexa(*ask))
        return
    assert annexa(*approve)[:2] == (0, f"letters: approved with conditions until {until}\n")
    code, out, _ = annexa("uses", "show", "letters")
    assert (code, "Drafts only" in out) == (0, True)
    assert annexa("uses", "renew", "letters", "--until", until, "--because", "Goes on")[0] == 0
    assert annexa("uses", "withdraw", "letters", "--because", "Over")[0] == 0
    assert annexa(*ask)[:2] == (0, "speeches: with owner, waits for a person\n")
    assert "speeches" in annexa("uses", "list", "--of", "mine")[1]
    assert annexa("uses", "approve", "speeches", "--until", until, "--because", "Mine")[0] == 2
    assert annexa("uses", "ask", "Nothing")[0] == 2


def test_acceptances(annexa, ola, request) -> None:  # noqa: F811
    assert annexa("acceptances", "list")[0] == 0
    now = words.now()
    for name in ("Fire", "Flood"):
        values = {"name": name, "area": "security", "owner": ola.email, "likelihood": 2, "impact": 3}
        add_record(actor=ANNEXA, register=RISKS, entry=RISKS.make(values), now=now)
    until = (now + timedelta(days=90)).date()
    made = propose_acceptance(actor=actor_of(ola), person=ola, risk="fire", until=until, because="Insured", now=now)
    code, out, _ = annexa("acceptances", "list", "--state", "proposed", "--format", "csv")
    assert (code, f"{made.id},fire,proposed," in out) == (0, True)
    code, out, said = annexa("acceptances", "show", made.id)
    assert (code, "Insured" in out, said.startswith("fire: proposed at ")) == (1, True, True)
    assert annexa("acceptances", "show", "none")[0] == 2
    accept = ("acceptances", "accept", made.id, "--because", "Agreed")
    propose = ("acceptances", "propose", "flood", "--until", until.isoformat(), "--because", "Rare")
    if not there(request):
        refused_here(annexa(*accept))
        refused_here(annexa(*propose))
        return
    assert annexa(*accept)[:2] == (0, "fire: accepted\n")
    assert annexa("acceptances", "show", made.id)[0] == 0
    assert annexa("acceptances", "withdraw", made.id, "--because", "It burnt")[:2] == (0, "fire: withdrawn\n")
    code, out, _ = annexa(*propose)
    assert (code, "flood, proposed at " in out) == (0, True)
    number = out.partition(":")[0]
    assert annexa("acceptances", "accept", number, "--because", "Mine")[0] == 2, "nobody accepts alone"
    assert annexa("acceptances", "refuse", number, "--because", "No")[:2] == (0, "flood: refused\n")


def test_due_diligence(annexa, request) -> None:  # noqa: F811
    add_record(actor=ANNEXA, register=SUPPLIERS, entry=SUPPLIERS.make({"name": "Parley"}), now=words.now())
    assert annexa("due-diligence", "list")[0] == 0
    assert annexa("due-diligence", "show", "none")[0] == 2
    due = (words.now() + timedelta(days=14)).date().isoformat()
    send = ("due-diligence", "send", "parley", "--questionnaire", "supplier-short", "--to", "pat@parley.example")
    if not there(request):
        refused_here(annexa(*send, "--due", due))
        return
    code, link, said = annexa(*send, "--due", due)
    assert (code, "/questionnaire/annexa_" in link, "shown this once" in said) == (0, True, True)
    sent = said.partition(":")[0]
    code, out, _ = annexa("due-diligence", "list", "--state", "open", "--format", "csv")
    assert (code, f"{sent},parley,supplier-short,open,0," in out) == (0, True)
    code, out, said = annexa("due-diligence", "show", sent)
    assert (code, said.startswith("parley: open, 0 of ")) == (1, True)
    assert annexa("due-diligence", "judge", sent, "--outcome", "adequate")[0] == 2, "nothing was handed in"
    assert annexa("due-diligence", "return", sent, "--because", "x")[0] == 2
    assert annexa("due-diligence", "withdraw", sent, "--because", "Chosen")[:2] == (0, "parley: withdrawn\n")
