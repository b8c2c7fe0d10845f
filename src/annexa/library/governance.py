"""Reads the offices of the management systems and who does what; refuses all of it if anything is wrong.

All errors are reported together, each with file and id. Format: docs/people.md.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

from annexa.library.policies import basis_of
from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.documents import Basis
from annexa.pure.governance import BODIES, OF_RECORDS, SYSTEMS, Apart, Family, Governance, Office, Process
from annexa.pure.standards import Library


@cache
def governance() -> Governance:
    """What this version of Annexa ships. Read once per process. Raises LibraryError."""
    return load_governance(shipped(("governance",)))


def load_governance(files: Mapping[str, bytes]) -> Governance:
    """Offices, processes and families from their files. Raises LibraryError with every problem of every file."""
    problems: list[str] = []
    offices: dict[str, Office] = {}
    apart: list[Apart] = []
    processes: list[Process] = []
    families: list[Family] = []
    for reader in readers(files, problems):
        for table in reader.tables("office"):
            office = _office(table)
            if office.id in offices or office.id in OF_RECORDS:
                table.wrong("the id occurs twice")
            offices[office.id] = office
        apart += [_apart(table) for table in reader.tables("apart")]
        processes += [_process(table) for table in reader.tables("process")]
        families += [_family(table) for table in reader.tables("family")]
        reader.done()
    found = Governance(
        offices=MappingProxyType(offices), apart=tuple(apart), processes=tuple(processes), families=tuple(families)
    )
    problems += _wrong(found)
    if problems:
        raise LibraryError(problems)
    return found


def dangling(found: Governance, library: Library) -> tuple[str, ...]:
    """A sentence for each requirement, control family and owner role that does not exist or is left out."""
    return tuple(_dangling(found, library))


def _dangling(found: Governance, library: Library) -> Iterator[str]:
    for where, basis in _bases(found):
        framework = library.frameworks.get(basis.framework)
        if framework is None or basis.requirement not in framework.by_id:
            yield f"governance: {where}: {basis.framework} has no requirement {basis.requirement!r}"
    for control in library.controls.values():
        if found.family_of(control.id) is None:
            yield f"governance: no family has the control {control.id}"
    roles = {role for office in found.offices.values() for role in office.owner_roles}
    used = {control.owner_role for control in library.controls.values()}
    for role in sorted(used - roles - {"system owner", "control owner"}):
        yield f"governance: no office is what controls call {role!r}"
    for role in sorted(roles - used):
        yield f"governance: no control calls anybody {role!r}"


def _bases(found: Governance) -> Iterator[tuple[str, Basis]]:
    for office in found.offices.values():
        yield from ((office.id, basis) for basis in office.basis)
    for rule in found.apart:
        yield from ((" and ".join(rule.offices), basis) for basis in rule.basis)
    for process in found.processes:
        yield from ((process.id, basis) for basis in process.basis)


def _wrong(found: Governance) -> Iterator[str]:
    known = set(found.offices) | set(OF_RECORDS)
    for rule in found.apart:
        yield from (f"governance: apart names {one!r}, which is no office" for one in rule.offices if one not in known)
    rows = [(one.id, one) for one in found.processes] + [("/".join(one.prefixes), one) for one in found.families]
    for where, one in rows:
        named = [*getattr(one, "responsible", ()), one.accountable, *one.consulted, *one.informed]
        yield from (
            f"governance: {where} names {office!r}, which is no office" for office in named if office not in known
        )
        yield from (
            f"governance: {where} names {office!r} twice" for office in sorted({n for n in named if named.count(n) > 1})
        )
    ids = [one.id for one in found.processes]
    yield from (f"governance: the process {one} occurs twice" for one in sorted({i for i in ids if ids.count(i) > 1}))
    prefixes = [prefix for one in found.families for prefix in one.prefixes]
    yield from (
        f"governance: the family {one} occurs twice" for one in sorted({p for p in prefixes if prefixes.count(p) > 1})
    )


def _office(reader: Reader) -> Office:
    office = Office(
        id=reader.text("id"),
        title=reader.text("title"),
        does=reader.text("does"),
        systems=reader.words("systems", SYSTEMS),
        bodies=reader.words("bodies", BODIES),  # type: ignore[arg-type]
        single=reader.take("single", (bool,)),
        needed=reader.take("needed", (bool,), False),
        owner_roles=reader.words("owner_roles"),
        basis=basis_of(reader),
    )
    if not office.bodies or not office.systems:
        reader.wrong("bodies and systems must not be empty")
    reader.done()
    return office


def _apart(reader: Reader) -> Apart:
    offices = reader.words("offices")
    if len(offices) != 2:
        reader.wrong("offices names two offices")
    rule = Apart(
        offices=(offices[0], offices[-1]) if offices else ("", ""),
        because=reader.text("because"),
        basis=basis_of(reader),
    )
    reader.done()
    return rule


def _process(reader: Reader) -> Process:
    process = Process(
        id=reader.text("id"),
        title=reader.text("title"),
        responsible=reader.words("responsible"),
        accountable=reader.text("accountable"),
        consulted=reader.words("consulted"),
        informed=reader.words("informed"),
        basis=basis_of(reader),
    )
    if not process.responsible:
        reader.wrong("responsible is empty")
    reader.done()
    return process


def _family(reader: Reader) -> Family:
    family = Family(
        prefixes=reader.words("prefixes"),
        accountable=reader.text("accountable"),
        consulted=reader.words("consulted"),
        informed=reader.words("informed"),
    )
    if not family.prefixes:
        reader.wrong("prefixes is empty")
    reader.done()
    return family
