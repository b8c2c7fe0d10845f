"""What a file would change is known before anything does, and what is exported comes back the same."""

import csv
import io

import pytest

from annexa.actions.systems import add_system, import_systems
from annexa.adapters.tables import TableError
from annexa.answers.imports import ExportError, export_systems, plan_systems, register_mark
from annexa.pure.mapping_files import MappingError, MappingFile
from annexa.pure.systems import FIELD, SystemFacts
from annexa.records.ledger import LedgerEntry
from annexa.records.systems import AiSystem

SMALL = b"Name,Stage,Remarks\nChatbot,live,ask Ada\nTriage,,\n"


def test_it_works(organisation, actor) -> None:
    planned = plan_systems(actor=actor, data=SMALL, name="small.csv")
    assert (planned.table.format, planned.table.encoding, len(planned.table.rows)) == ("csv", "utf-8", 2)
    assert [row.outcome for row in planned.plan.rows] == ["added", "added"]
    assert planned.mapping.columns_of("name") == ("Name",)
    assert not AiSystem.objects.exists()


def test_what_somebody_says_of_the_columns_replaces_the_guess(organisation, actor) -> None:
    said = MappingFile(columns=(("purpose", ("Remarks",)), ("stage", ())))
    planned = plan_systems(actor=actor, data=SMALL, name="small.csv", said=said)
    assert planned.plan.rows[0].facts.purpose == "ask Ada"
    assert planned.plan.rows[0].facts.stage == ""
    assert planned.guess.columns_of("stage") == ("Stage",)


def test_a_column_that_is_not_there_is_named(organisation, actor) -> None:
    with pytest.raises(MappingError, match="Nope"):
        plan_systems(actor=actor, data=SMALL, name="x", said=MappingFile(columns=(("name", ("Nope",)),)))


def test_a_picture_is_not_a_table(organisation, actor) -> None:
    with pytest.raises(TableError, match=r"list\.csv: the file is a PNG picture"):
        plan_systems(actor=actor, data=b"\x89PNG\r\n\x1a\n" + bytes(100), name="list.csv")


def test_a_file_above_the_limit_is_refused(organisation, actor, settings) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1000
    with pytest.raises(TableError, match="the limit is"):
        plan_systems(actor=actor, data=b"name\n" + b"x" * 1000, name="big.csv")


def test_a_formula_is_a_problem_of_its_cell(organisation, actor) -> None:
    planned = plan_systems(actor=actor, data=b"Name,Notes\nA,=SUM(A1:A9)\nB,fine\n", name="x.csv")
    assert [(p.row, p.column) for p in planned.plan.problems] == [(2, "Notes")]
    assert [row.facts.name for row in planned.plan.rows] == ["B"]


def test_slugs_twice_reserved_or_too_long_are_problems(organisation, actor) -> None:
    data = "Name,Slug\nA,same\nB,same\nC,organisation\nD,import\nE," + "x" * 81 + "\nF,Not A Slug\nG,fine\n"
    planned = plan_systems(actor=actor, data=data.encode(), name="x.csv")
    assert {problem.row for problem in planned.plan.problems} == {3, 4, 5, 6, 7}
    assert [row.facts.name for row in planned.plan.rows] == ["A", "G"]
    assert [problem.row for problem in planned.plan.problems] == sorted(p.row for p in planned.plan.problems)


def test_the_mark_of_the_register_tells_any_change(organisation, actor, now) -> None:
    def mark() -> str:
        return register_mark(AiSystem.objects.order_by("id").values_list("slug", "changed_at"))

    empty = mark()
    assert plan_systems(actor=actor, data=SMALL, name="x").mark == empty
    add_system(actor=actor, facts=SystemFacts(name="One"), now=now)
    assert mark() != empty
    assert plan_systems(actor=actor, data=SMALL, name="x").mark == mark()


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "json"])
def test_what_is_exported_comes_back_unchanged(organisation, actor, now, file_format) -> None:
    hostile = SystemFacts(
        name='=HYPERLINK("x") – "quoted", ünïcode',
        purpose="two\nlines",
        classes=("high-risk", "transparency"),
        source=(("Old note", "@kept"), ("Other", "'")),
    )
    add_system(actor=actor, facts=hostile, now=now)
    add_system(actor=actor, facts=SystemFacts(name="Plain"), now=now)
    data = export_systems(actor=actor, file_format=file_format)
    planned = plan_systems(actor=actor, data=data, name=f"x.{file_format}")
    assert (planned.plan.problems, planned.plan.count("unchanged")) == ((), 2)


def test_only_the_systems_asked_for_are_exported_in_their_order(organisation, actor, now) -> None:
    slugs = [add_system(actor=actor, facts=SystemFacts(name=name), now=now).slug for name in ("A", "B", "C")]
    data = export_systems(actor=actor, file_format="csv", slugs=[slugs[2], slugs[0], "unknown"])
    assert [row["Slug"] for row in csv.DictReader(io.StringIO(data.decode()))] == ["c", "a"]


def test_a_cell_too_long_for_a_spreadsheet_is_not_cut(organisation, actor, now) -> None:
    facts = SystemFacts(name="A", source=(("Log", "x" * 40_000),))
    add_system(actor=actor, facts=facts, now=now)
    with pytest.raises(ExportError, match="32,767"):
        export_systems(actor=actor, file_format="xlsx")
    assert b"x" * 40_000 in export_systems(actor=actor, file_format="csv")


@pytest.mark.slow
def test_the_federal_inventory_arrives_whole(organisation, actor, now, federal_inventory) -> None:
    """2,133 rows arrive; every cell is in a field or in the source; again nothing changes; one cell, one update."""
    data = federal_inventory.read_bytes()
    planned = plan_systems(actor=actor, data=data, name=federal_inventory.name)
    assert planned.table.encoding == "cp1252"
    done = import_systems(actor=actor, planned=planned, now=now)
    assert (done.added, AiSystem.objects.count()) == (2133, 2133)
    nothing_is_dropped(planned)
    size = LedgerEntry.objects.count()
    again = plan_systems(actor=actor, data=data, name=federal_inventory.name)
    assert import_systems(actor=actor, planned=again, now=now).entry is None
    assert LedgerEntry.objects.count() == size
    stage = planned.mapping.columns_of("stage")[0]
    place = planned.table.header.index(stage)
    assert planned.table.rows[0].cells[place]
    one = data.replace(planned.table.rows[0].cells[place].encode("cp1252"), b"Retired", 1)
    assert one != data
    update = plan_systems(actor=actor, data=one, name=federal_inventory.name)
    assert (update.plan.count("updated"), update.plan.count("unchanged")) == (1, 2132)
    import_systems(actor=actor, planned=update, now=now)
    assert LedgerEntry.objects.count() == size + 2  # the system and the import


def nothing_is_dropped(planned) -> None:
    systems = list(AiSystem.objects.order_by("id"))
    alone = {mapped.columns[0]: mapped.field for mapped in planned.mapping.fields if len(mapped.columns) == 1}
    joined = {column for mapped in planned.mapping.fields if len(mapped.columns) > 1 for column in mapped.columns}
    for row, system in zip(planned.table.rows, systems, strict=True):
        source = dict(system.facts().source)
        for column, cell in zip(planned.table.header, row.cells, strict=True):
            if not cell.strip() or source.get(column) == cell:
                continue
            assert column not in joined
            value = getattr(system, alone[column])  # a cell that is not in the source is the whole of a field
            if FIELD[alone[column]].kind in ("text", "long"):
                assert "".join(cell.split()) == "".join(value.split())
            else:
                said_nothing = cell.strip(" .").lower() in ("unknown", "n/a", "na", "not applicable")
                assert value not in ("", None, "unknown") or said_nothing
