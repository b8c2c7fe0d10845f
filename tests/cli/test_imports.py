"""`annexa import systems` and `annexa export systems`: exit codes, guesses, problems, the round trip."""

import argparse
import json

import pytest

from annexa.actions.systems import add_system
from annexa.cli import imports
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.ledger import LedgerEntry
from annexa.records.systems import AiSystem

CSV = "Use case;Status;Remarks\nChatbot;live;größe\nTriage;;\n"


def annexa(*words: object) -> int:
    parser = argparse.ArgumentParser(prog="annexa")
    imports.add_parsers(parser.add_subparsers(required=True))
    args = parser.parse_args([str(word) for word in words])
    return args.run(args)


@pytest.fixture
def inventory(tmp_path):
    path = tmp_path / "inventory.csv"
    path.write_bytes(CSV.encode("cp1252"))
    return path


def test_it_works(organisation, inventory, capsys) -> None:
    assert annexa("import", "systems", inventory) == 0
    out = capsys.readouterr().out
    assert "inventory.csv: CSV, cp1252, separated by semicolon." in out
    assert 'Name                    "Use case" (the heading is a usual one)' in out
    assert "2 added, 0 updated, 0 unchanged. Ledger entry" in out
    assert dict(AiSystem.objects.get(slug="chatbot").facts().source)["Remarks"] == "größe"
    entry = LedgerEntry.objects.order_by("-position").first()
    assert (entry.kind, entry.actor) == ("import", ANNEXA.id)


def test_the_same_file_again_says_that_nothing_changed(organisation, inventory, capsys) -> None:
    annexa("import", "systems", inventory)
    size = LedgerEntry.objects.count()
    assert annexa("import", "systems", inventory) == 0
    assert "Nothing changed: all 2 systems" in capsys.readouterr().out
    assert LedgerEntry.objects.count() == size


def test_a_dry_run_changes_nothing(organisation, inventory, capsys) -> None:
    assert annexa("import", "systems", inventory, "--dry-run") == 0
    assert "Would be 2 added" in capsys.readouterr().out
    assert not AiSystem.objects.exists()


def test_problems_are_listed_by_row_and_column_and_nothing_is_imported(organisation, inventory, capsys) -> None:
    inventory.write_text("Name,Stage\nA,live\nB,flying\n,live\n")
    for words in ((), ("--dry-run",)):
        assert annexa("import", "systems", inventory, *words) == 1
        out = capsys.readouterr().out
        assert 'Row 3, column Stage: "flying" is not a stage' in out
        assert "Row 4, column Name: is missing" in out
        assert "2 problems in 2 rows; nothing imported." in out
    assert not AiSystem.objects.exists()


def test_bad_rows_may_be_left_out(organisation, inventory, capsys) -> None:
    inventory.write_text("Name,Stage\nA,live\nB,flying\n")
    assert annexa("import", "systems", inventory, "--skip-bad", "--dry-run") == 0
    assert annexa("import", "systems", inventory, "--skip-bad") == 0
    assert "1 added, 0 updated, 0 unchanged, 1 left out. Ledger entry" in capsys.readouterr().out
    inventory.write_text("Name,Stage\nB,flying\n")
    assert annexa("import", "systems", inventory, "--skip-bad") == 1


def test_json_is_one_object(organisation, inventory, capsys) -> None:
    assert annexa("import", "systems", inventory, "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["imported"], report["added"], report["read_as"]["encoding"]) == (True, 2, "cp1252")
    assert report["ledger_entry"] == LedgerEntry.objects.order_by("-position").first().position
    inventory.write_text("Name,Stage\nB,flying\n")
    assert annexa("import", "systems", inventory, "--format", "json") == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["imported"], report["problems"][0]["row"], report["problems"][0]["column"]) == (False, 2, "Stage")


def test_a_mapping_file_replaces_the_guess(organisation, inventory, tmp_path, capsys) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text('[columns]\npurpose = "Remarks"\nstage = ""\n')
    assert annexa("import", "systems", inventory, "--columns", mapping) == 0
    assert AiSystem.objects.get(slug="chatbot").purpose == "größe"
    mapping.write_text('[columns]\nnmae = "Remarks"\nname = 3\n')
    assert annexa("import", "systems", inventory, "--columns", mapping) == 2
    error = capsys.readouterr().err
    assert '"nmae" is not a field' in error
    assert "name must be a column name" in error


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--encoding", "utf-8"), 2, "is not utf-8"),
        (("--encoding", "klingon"), 2, "is no encoding we know"),
        (("--sheet", "One"), 2, "is no workbook"),
    ],
)
def test_what_cannot_be_read_like_this_is_told(organisation, inventory, capsys, words, code, sentence) -> None:
    assert annexa("import", "systems", inventory, *words) == code
    assert sentence in capsys.readouterr().err


def test_files_that_are_no_tables(organisation, inventory, tmp_path, capsys) -> None:
    inventory.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    assert annexa("import", "systems", inventory) == 2
    assert "is a PNG picture, not a table" in capsys.readouterr().err
    assert annexa("import", "systems", tmp_path / "nothing.csv") == 3
    said = capsys.readouterr().err
    assert said.startswith("annexa: ")
    assert "cannot be read: No such file" in said
    assert annexa("import", "systems", tmp_path) == 3


def test_a_file_of_300_mb_is_refused_before_it_is_read(organisation, tmp_path, capsys) -> None:
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    assert annexa("import", "systems", huge) == 2
    assert "has 300 MiB; at most 50 MiB are taken" in capsys.readouterr().err


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "json"])
def test_the_round_trip_is_loss_free(organisation, now, tmp_path, capsys, file_format) -> None:
    facts = SystemFacts(name="=1+1", purpose="a\nb", roles=("provider", "deployer"), source=(("x", "-y"),))
    add_system(actor=ANNEXA, facts=facts, now=now)
    path = tmp_path / f"out.{file_format}"
    assert annexa("export", "systems", "-o", path) == 0
    assert path.read_bytes()[:3] != b"\xef\xbb\xbf"
    assert annexa("import", "systems", path) == 0
    assert "Nothing changed: all 1 systems" in capsys.readouterr().out


def test_an_export_goes_to_standard_output(organisation, now, capfdbinary) -> None:
    add_system(actor=ANNEXA, facts=SystemFacts(name="Straße"), now=now)
    assert annexa("export", "systems", "--format", "json") == 0
    listed = json.loads(capfdbinary.readouterr().out)
    assert [(one["Slug"], one["Name"]) for one in listed] == [("strasse", "Straße")]


def test_an_export_that_cannot_be_written_or_held_says_so(organisation, now, tmp_path, capsys) -> None:
    add_system(actor=ANNEXA, facts=SystemFacts(name="A", source=(("Log", "x" * 40_000),)), now=now)
    assert annexa("export", "systems", "-o", tmp_path / "no" / "out.csv") == 3
    assert annexa("export", "systems", "-o", tmp_path / "out.xlsx") == 2
    assert "Export as CSV or JSON" in capsys.readouterr().err
