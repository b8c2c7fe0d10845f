"""Reads the gates of the AI life cycle into values; refuses all of them if anything in one is wrong.

All errors of all files are reported together, each with file and id. Format: docs/risks.md.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.gates import Binds, Cited, Decision, Gate, Need
from annexa.pure.standards import Library
from annexa.pure.systems import CLASSES, ROLES, STAGES


@cache
def gates() -> Mapping[str, Gate]:
    """The gates shipped with this version of Annexa, by id, in their order. Raises LibraryError."""
    return load_gates(shipped(("gates",)))


def load_gates(files: Mapping[str, bytes]) -> Mapping[str, Gate]:
    """Gates from their files, by id, in their order. Raises LibraryError with every problem of every file."""
    problems: list[str] = []
    found: list[Gate] = []
    for reader in readers(files, problems):
        gate = _gate(reader)
        if gate.id != Path(reader.file).stem:
            reader.wrong(f"id is {gate.id!r}, but the file is named {Path(reader.file).stem}")
        if twin := next((other for other in found if other.order == gate.order), None):
            reader.wrong(f"order {gate.order} is already that of {twin.id}")
        found.append(gate)
    if problems:
        raise LibraryError(problems)
    return MappingProxyType({gate.id: gate for gate in sorted(found, key=lambda gate: gate.order)})


def dangling(
    found: Mapping[str, Gate], library: Library, questionnaires: Collection[str] | None = None
) -> tuple[str, ...]:
    """A sentence for each reference of a gate to something that does not exist.

    Also for a need that asks for a control in systems the control is not meant for: its verdict there is never
    effective, so the gate would never open. Without `questionnaires` their ids are not looked at.
    """
    return tuple(sentence for gate in found.values() for sentence in _dangling(gate, library, questionnaires))


def _dangling(gate: Gate, library: Library, questionnaires: Collection[str] | None) -> Iterator[str]:
    file = f"gates/{gate.id}.toml"
    for cited in gate.cites:
        framework = library.frameworks.get(cited.framework)
        if framework is None or cited.requirement not in framework.by_id:
            yield f"{file}: cites: {cited.framework} has no requirement {cited.requirement!r}"
    for need in gate.needs:
        if need.kind == "questionnaire":
            if questionnaires is not None and need.id not in questionnaires:
                yield f"{file}: {need.id}: the questionnaire does not exist"
            continue
        control = library.controls.get(need.id)
        if control is None:
            yield f"{file}: {need.id}: the control does not exist"
            continue
        for what, meant, asked in (
            ("roles", control.binds_roles, need.binds.roles),
            ("classes", control.binds_classes, need.binds.classes),
        ):
            if meant and not (asked and set(asked) <= set(meant)):
                yield f"{file}: {need.id}: the control is meant only for the {what} {', '.join(meant)}; narrow the need"


def _gate(reader: Reader) -> Gate:
    needs = tuple(_need(table) for table in reader.tables("need"))
    decisions = tuple(_decision(table) for table in reader.tables("decision"))
    gate = Gate(
        id=reader.text("id"),
        title=reader.text("title"),
        order=reader.take("order", (int,)),
        question=reader.text("question"),
        from_stage=reader.one_of("from_stage", STAGES),
        to_stage=reader.one_of("to_stage", STAGES),
        per_revision=bool(reader.take("per_revision", (bool,), False)),
        because=reader.text("because"),
        source=reader.text("source"),
        cites=tuple(_cited(table) for table in reader.tables("cites")),
        needs=needs,
        decisions=decisions,
    )
    ids = [decision.id for decision in decisions]
    for number, decision in enumerate(decisions):
        for other in decision.apart_from:
            if other not in ids[:number]:
                reader.wrong(f"decision {decision.id} is apart from {other!r}, which does not stand before it")
    for kind, named in (("decision", ids), ("need", [need.id for need in needs])):
        for twice in sorted({one for one in named if named.count(one) > 1}):
            reader.wrong(f"{kind} {twice!r} occurs twice")
    if not decisions:
        reader.wrong("nobody decides at it")
    reader.done()
    return gate


def _need(reader: Reader) -> Need:
    control, questionnaire = reader.text("control", ""), reader.text("questionnaire", "")
    reader.where = f"need {control or questionnaire}"
    if bool(control) == bool(questionnaire):
        reader.wrong("a need names a control or a questionnaire")
    need = Need(
        kind="control" if control else "questionnaire",
        id=control or questionnaire,
        why=reader.text("why"),
        binds=_binds(reader),
    )
    reader.done()
    return need


def _decision(reader: Reader) -> Decision:
    decision = Decision(
        id=reader.text("id"),
        role=reader.text("role"),
        what=reader.text("what"),
        apart_from=reader.words("apart_from"),
        binds=_binds(reader),
    )
    reader.done()
    return decision


def _binds(reader: Reader) -> Binds:
    return Binds(
        roles=reader.words("binds_roles", ROLES),
        classes=reader.words("binds_classes", CLASSES),
        personal_data=bool(reader.take("personal_data", (bool,), False)),
    )


def _cited(reader: Reader) -> Cited:
    cited = Cited(framework=reader.text("framework"), requirement=reader.text("requirement"))
    reader.done()
    return cited
