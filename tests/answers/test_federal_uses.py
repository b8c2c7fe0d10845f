"""The public list of commercial AI tools at federal agencies becomes a register of uses, nothing of it lost."""

import csv
from pathlib import Path

import pytest

from annexa.actions.registers import import_register
from annexa.answers.finds import pseudonym
from annexa.answers.register_files import export_register, plan_register
from annexa.answers.uses import use_requests
from annexa.pure.mapping_files import parse_mapping
from annexa.pure.registers.uses import USES
from annexa.records.registers import TABLES
from tests.actions.test_door import check_ledger
from tests.conftest import DATA

MAPPING = Path(__file__).parent / "federal_uses.toml"


@pytest.fixture
def federal_uses() -> bytes:
    """The file; tests that need it are skipped where it is not at hand."""
    path = DATA / "us-federal-cots-ai-use-2025.csv"
    if not path.exists():
        pytest.skip(f"needs {path.name} in {DATA}")
    return path.read_bytes()


def test_every_row_and_every_column_comes_in(organisation, actor, now, federal_uses) -> None:
    said = parse_mapping(MAPPING.read_text(encoding="utf-8"), USES)
    planned = plan_register(actor=actor, register=USES, data=federal_uses, name="federal.csv", said=said)
    assert planned.plan.problems == ()
    done = import_register(actor=actor, planned=planned, now=now)
    assert (done.added, done.skipped) == (900, 0)
    rows = TABLES["use"].objects
    assert rows.filter(in_use="yes").count() == 468
    assert rows.filter(in_use="no").count() == 416
    assert rows.values("unit").distinct().count() == 45
    assert rows.exclude(tool_named="").count() == 462
    assert rows.filter(purpose="").count() == 0
    assert rows.filter(purpose="writing code").count() == 45
    assert use_requests(actor=actor, now=now).waiting_total == 484  # in use or not said, and nobody approved it
    again = plan_register(actor=actor, register=USES, data=federal_uses, name="federal.csv", said=said).plan
    assert again.count("unchanged") == 900
    check_ledger()
    back = export_register(actor=actor, register=USES, file_format="csv")
    kept = {row["Use"].strip() for row in csv.DictReader(back.decode("utf-8-sig").splitlines(keepends=True))}
    told = {
        row["AI Use Case"].strip() for row in csv.DictReader(federal_uses.decode("utf-8-sig").splitlines(keepends=True))
    }
    assert told == kept


def test_pseudonyms_are_one_persons_and_of_this_installation(settings) -> None:
    first = pseudonym("Ada@example.org ")
    assert first == pseudonym("ada@example.org") != pseudonym("kim@example.org")
    settings.SECRET_KEY = "another"
    assert pseudonym("ada@example.org") != first
