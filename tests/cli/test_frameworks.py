"""`annexa frameworks diff` and `export`: what is printed, where it goes, and the exit codes."""

import csv
import io
import json

import pytest

from annexa.adapters.catalogs import read
from annexa.cli.frameworks import FORMATS
from annexa.cli.main import main
from annexa.library.load import library, load
from annexa.pure.library_files import framework_toml

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.setattr("django.setup", lambda: None)  # done already

    def call(*argv: object) -> tuple[int, str, str]:
        code = main([str(arg) for arg in argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.mark.parametrize("form", [one for one in FORMATS if one != "oscal-mapping"])
def test_what_is_exported_is_read_again(run, tmp_path, form) -> None:
    code, out, err = run("frameworks", "export", "iso42001-2023", "--to", form)
    assert (code, err) == (0, "")
    framework = load(dict(read(out.encode(), "x"))).frameworks["iso42001-2023"]
    assert form == "ciso-assistant" or framework == library().frameworks["iso42001-2023"]
    code, out, err = run("frameworks", "export", "iso42001-2023", "--to", form, "-o", tmp_path / "out")
    assert (code, out) == (0, "")
    assert len(load(dict(read((tmp_path / "out").read_bytes(), "x"))).frameworks) == 1


def test_a_mapping_collection_holds_both_directions(run) -> None:
    code, out, _ = run("frameworks", "export", "iso42001-2023", "--to", "oscal-mapping", "--with", "iso27001-2022")
    assert code == 0
    assert len(json.loads(out)["mapping-collection"]["mappings"]) == 2


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("export", "iso9", "--to", "csv"), "there is no framework 'iso9'"),
        (("export", "gdpr", "--to", "oscal-mapping"), "belong together"),
        (("export", "gdpr", "--to", "csv", "--with", "nis2"), "belong together"),
        (
            ("export", "us-co-sb26-189", "--to", "oscal-mapping", "--with", "nis2"),
            "us-co-sb26-189 is mapped to: eu-ai-act",
        ),
        (("diff", "iso9", "gdpr"), "there is no framework 'iso9'"),
    ],
)
def test_what_was_asked_wrongly_is_2_in_one_sentence(run, argv, says) -> None:
    code, out, err = run("frameworks", *argv)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1


def test_editions_with_a_mapping_are_followed_by_it(run) -> None:
    code, out, _ = run("frameworks", "diff", "iso27001-2013", "iso27001-2022", "--format", "json")
    found = json.loads(out)
    assert (code, found["by"]) == (0, "mapping")
    (moved,) = (row for row in found["rows"] if row["old"] == "A.6.1.1")
    assert (moved["fate"], moved["new"], moved["relation"], moved["confidence"]) == ("same", "A.5.2", "equal", "high")
    assert "renumbered" in moved["rationale"]
    table = run("frameworks", "diff", "iso27001-2013", "iso27001-2022")[1]
    assert table.splitlines()[0].split() == ["fate", "old", "relation", "new", "title"]


def test_a_file_is_compared_by_number(run, tmp_path) -> None:
    framework = library().frameworks["nis2"]
    changed = framework_toml(framework).replace(framework.requirements[0].title.encode(), b"Another title", 1)
    (tmp_path / "nis2.toml").write_bytes(changed)
    code, out, _ = run("frameworks", "diff", "nis2", tmp_path / "nis2.toml", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert code == 0
    assert (row["change"], row["id"], row["field"], row["new"]) == (
        "changed",
        framework.requirements[0].id,
        "title",
        "Another title",
    )
    code, out, err = run("frameworks", "diff", "nis2", "nis2", "--format", "json")
    assert (code, json.loads(out)["rows"], err) == (0, [], "No difference.\n")


def test_a_broken_file_is_told_in_full(run, tmp_path) -> None:
    (tmp_path / "b.csv").write_text("id,title,level\n1,,x\n")
    code, out, err = run("frameworks", "diff", "nis2", tmp_path / "b.csv")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 2


def test_what_is_asked_for_is_told_by_framework(run) -> None:
    code, out, err = run("frameworks", "evidence", "--format", "json")
    assert (code, err) == (0, "")
    lines = {one["framework"]: one for one in json.loads(out)}
    assert set(library().frameworks) < set(lines)
    whole = lines["every control"]
    assert whole["expectations"] == sum(len(one.expectations) for one in library().controls.values())
    assert whole["record"] + whole["artifact"] + whole["signal"] + whole["attestation"] == whole["expectations"]
