"""`annexa registers`, `annexa records` and files of any register: here, and the same over another server's API."""

import json

import pytest

from annexa.cli import words
from annexa.cli.main import main
from annexa.cli.records import values_of
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.assets import ASSETS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.records.ledger import LedgerEntry
from annexa.records.registers import TABLES
from tests.answers.small_house import found_house
from tests.cli.test_remote import secret, server, token  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db
CSV = "Name,Kind,Trained on\nScore model,model,Loans\nLoans,training dataset,\n"


@pytest.fixture(params=["here", "there"])
def annexa(request, capsys):
    """Runs a command, on this machine or on another server: exit code and what it said."""
    before = []
    if request.param == "there":
        before = ["--server", request.getfixturevalue("server")]
        request.getfixturevalue("token")
    else:
        request.getfixturevalue("db")
        found_house(words.now())

    def run(*argv: object) -> tuple[int, str, str]:
        code = main([*before, *map(str, argv)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_it_works(annexa, tmp_path) -> None:
    """From a file to the list, a change and its history, and out again."""
    file = tmp_path / "assets.csv"
    file.write_text(CSV)
    size = LedgerEntry.objects.count()
    code, out, _ = annexa("import", "assets", file, "--dry-run")
    assert (code, "Would be 2 added, 0 updated, 0 unchanged" in out) == (0, True)
    assert LedgerEntry.objects.count() == size
    code, out, _ = annexa("import", "assets", file)
    assert (code, "2 added, 0 updated, 0 unchanged" in out) == (0, True)
    assert TABLES["asset"].objects.get(slug="score-model").trained_on == ["loans"]

    code, out, _ = annexa("records", "list", "assets", "--where", "kind=model", "--format", "json")
    assert (code, [one["slug"] for one in json.loads(out)]) == (0, ["score-model"])
    assert "score-model  Score model" in annexa("records", "list", "assets", "--search", "score")[1]

    change = (
        "records",
        "change",
        "assets",
        "score-model",
        "loans",
        "classification=internal",
        "protection=logged,versioned",
    )
    assert annexa(*change, "--because", "Policy")[:2] == (0, "2 of 2 changed.\n")
    assert annexa(*change)[1].startswith("Nothing changed")
    assert TABLES["asset"].objects.get(slug="loans").protection == ["logged", "versioned"]
    history = json.loads(annexa("records", "show", "assets", "loans", "--history", "--format", "json")[1])
    assert [(one["number"], one["because"].split()[0]) for one in history] == [(2, "Policy"), (1, "Import")]
    shown = annexa("records", "show", "assets", "loans")[1]
    assert "classification  internal" in shown
    assert annexa("export", "assets", "-o", tmp_path / "out.json")[0] == 0
    assert [one["Slug"] for one in json.loads((tmp_path / "out.json").read_text())] == ["score-model", "loans"]
    code, out, _ = annexa("import", "assets", tmp_path / "out.json")
    assert (code, TABLES["asset"].objects.count()) == (0, 2)


def test_one_is_added(annexa) -> None:
    code, out, _ = annexa("records", "add", "suppliers", "name=Chat Ltd", "spend=1250.00 EUR", "systems=chatbot",
                          "contract_until=2027-01-31", "--because", "Signed")  # fmt: skip
    assert (code, out) == (0, "suppliers/chat-ltd\n")
    row = TABLES["supplier"].objects.get(slug="chat-ltd")
    assert (row.spend, row.systems, str(row.contract_until)) == ("1250.00 EUR", ["chatbot"], "2027-01-31")
    listed = json.loads(annexa("registers", "--format", "json")[1])
    assert {one["plural"]: one["records"] for one in listed} == {
        one.plural: int(one is SUPPLIERS) for one in REGISTERS.values()
    }


def test_what_is_wrong_is_said_and_nothing_is_done(annexa, tmp_path) -> None:
    size = LedgerEntry.objects.count()
    for argv, expected in (
        (("records", "add", "assets", "colour=red", "kind=dragon"), ("colour is not a field of assets", "Kind has")),
        (("records", "add", "assets", "name=X", "kind=model", "uses=ghost"), ("ghost",)),
        (
            ("records", "add", "risks", "likelihood=much", "area=dragons", "assessed_on=soon", "target_impact=9"),
            ("Likelihood is not a whole number", "Assessed on is not a date", "Area has", "Risk is missing"),
        ),
        (("records", "add", "assets", "model", "loans"), ("model, loans are no FIELD=VALUE",)),
        (("records", "change", "assets", "ghost", "location=X"), ("There is no asset",)),
        (("records", "change", "assets", "location=X"), ("Say which assets change",)),
        (("records", "show", "assets", "ghost"), ("There is no asset",)),
        (("records", "list", "assets", "--where", "name=X"), ("is not a facet of assets; facets are kind",)),
        (("records", "list", "assets", "--where", "kind"), ("is no FIELD=VALUE",)),
    ):
        code, out, said = annexa(*argv)
        assert (code, out) == (2, ""), argv
        assert all(one in said for one in expected), said
    (tmp_path / "assets.csv").write_text("Name,Kind\nX,dragon\n")
    code, out, _ = annexa("import", "assets", tmp_path / "assets.csv", "--dry-run")
    assert code == 1
    assert "1 rows" not in out
    assert annexa("import", "assets", tmp_path / "assets.csv")[0] in (1, 2)
    assert annexa("import", "assets", tmp_path / "none.csv")[0] == 3
    assert LedgerEntry.objects.count() == size


def test_every_kind_of_value_can_be_typed() -> None:
    """Rule: what is typed is read as its field wants it, and what cannot be is told by its label."""
    typed = ["spend=9.50 EUR", "clauses=exit, audit right", "contract_until=", "provides_ai=yes", "name=A = B"]
    assert values_of(SUPPLIERS, typed) == {
        "spend": "9.50 EUR", "clauses": ["exit", "audit right"], "contract_until": None, "provides_ai": "yes",
        "name": "A = B",
    }  # fmt: skip
    with pytest.raises(ValueError, match="In use since is not a date"):
        values_of(ASSETS, ["in_use_since=soon"])


def test_lineage_is_told_with_the_way(annexa) -> None:
    annexa("records", "add", "suppliers", "name=Chat Ltd")
    annexa("records", "add", "assets", "name=Model", "kind=model", "supplier=chat-ltd", "systems=chatbot",
           "controls=LIF-03")  # fmt: skip
    code, out, _ = annexa("lineage", "systems/chatbot")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "rests on suppliers/chat-ltd Chat Ltd Chat Ltd supplies Model, which is used by Chatbot" in lines
    assert any(line.startswith("along controls/LIF-03") for line in lines)
    assert json.loads(annexa("lineage", "suppliers/chat-ltd", "--format", "json")[1])["after"][1]["steps"] == 2
    assert annexa("lineage", "issues/chatbot")[0] == 2


def test_concentration_is_told_of_all_suppliers_and_of_one(annexa) -> None:
    annexa("records", "add", "suppliers", "name=Chat Ltd", "systems=chatbot", "tier=critical")
    code, out, _ = annexa("concentration")
    assert code == 0
    assert [line.split()[:4] for line in out.splitlines() if "chat-ltd" in line] == [
        ["chat-ltd", "Chat", "Ltd", "critical"]
    ]
    assert json.loads(annexa("concentration", "--format", "json")[1])["suppliers"][0]["direct"] == 1
    assert "Chat Ltd supplies Chatbot" in annexa("concentration", "chat-ltd")[1]
    assert annexa("concentration", "ghost")[0] == 2
