"""`annexa frameworks`: what the library holds, how two editions differ, and a framework in the formats of others."""

import argparse
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from annexa.cli import libraries, words

FORMATS = ("toml", "oscal", "oscal-mapping", "ciso-assistant", "csv")


class _RefusedError(ValueError):
    """What was asked for cannot be had; a sentence on each line."""


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "frameworks",
        help="the frameworks of the library, one in full, their differences, and one for other tools",
        epilog="example: annexa frameworks show iso42001-2023 --format json",
    )
    below = found.add_subparsers(
        dest="what", metavar="list|show|diff|evidence|export|import|upgrade|withdraw|own|choose"
    )
    one = below.add_parser("list", help="every framework", epilog="example: annexa frameworks list")
    words.add_format(one)
    two = below.add_parser("show", help="one framework", epilog="example: annexa frameworks show nist-ai-rmf-1.0")
    two.add_argument("id", help="id of the framework")
    words.add_format(two)
    two.set_defaults(run=_show, looks_before=True)
    _add_diff(below)
    three = below.add_parser(
        "evidence",
        help="what the controls of each framework ask for, and how much of it records answer by themselves",
        epilog="example: annexa frameworks evidence",
    )
    words.add_format(three)
    three.set_defaults(run=_evidence, looks_before=True)
    _add_export(below)
    libraries.add_parsers(below)
    found.set_defaults(run=_list, format="table", looks_before=True)


def _evidence(args: argparse.Namespace) -> int:
    """Expectations by kind, framework by framework."""
    from annexa.answers.libraries import active_or_shipped
    from annexa.pure.asked import asked
    from annexa.pure.standards import ExpectationKind

    words.rows(
        [
            {
                "framework": one.framework,
                "controls": one.controls,
                "expectations": one.expectations,
                **{str(kind.value): one.kinds[kind] for kind in ExpectationKind},
                "by records": f"{one.by_records:.0%}",
            }
            for one in asked(active_or_shipped())
        ],
        args.format,
    )
    return 0


def _add_diff(below: Any) -> None:
    found = below.add_parser(
        "diff",
        help="how two editions differ",
        epilog="example: annexa frameworks diff iso27001-2013 iso27001-2022",
    )
    found.add_argument("old", metavar="OLD", help="id or file of the older edition")
    found.add_argument("new", metavar="NEW", help="id or file of the newer edition")
    words.add_format(found)
    found.set_defaults(run=_diff, looks_before=True)


def _add_export(below: Any) -> None:
    found = below.add_parser(
        "export",
        help="one framework in a format that other tools read",
        epilog="example: annexa frameworks export iso42001-2023 --to oscal -o iso42001-2023.json",
    )
    found.add_argument("id", help="id of the framework")
    found.add_argument("--to", choices=FORMATS, required=True, help="the format")
    found.add_argument("--with", dest="other", metavar="OTHER", help="with oscal-mapping: id of the other framework")
    found.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write (default: standard output)")
    found.set_defaults(run=_export, looks_before=True)


def _list(args: argparse.Namespace) -> int:
    """Every framework with its size."""
    from annexa.answers.libraries import active_or_shipped

    words.rows(
        [
            {
                "id": f.id,
                "title": f.title,
                "edition": f.edition,
                "status": f.status,
                "requirements": len(f.requirements),
                "judged": sum(not leaf.no_duty for leaf in f.leaves),
            }
            for f in sorted(active_or_shipped().frameworks.values(), key=lambda f: f.id)
        ],
        args.format,
    )
    return 0


def _show(args: argparse.Namespace) -> int:
    """One framework with what covers each requirement."""
    from annexa.answers.libraries import active_or_shipped

    library = active_or_shipped()
    framework = library.frameworks.get(args.id)
    if framework is None:
        return _refused([_unknown(args.id, library.frameworks)])
    requirements = [
        {
            "id": r.id,
            "parent": r.parent,
            "kind": r.kind,
            "title": r.title,
            "summary": r.summary,
            "level": r.level,
            "binds_roles": list(r.binds_roles),
            "binds_classes": list(r.binds_classes),
            "applies_from": r.applies_from.isoformat() if r.applies_from else None,
            "documented_information": r.documented_information,
            "covered_by": list(coverage.controls) if (coverage := library.covering(framework, r)) else [],
        }
        for r in framework.requirements
    ]
    if args.format == "json":
        words.dump(
            {"id": framework.id, "version": framework.version, "title": framework.title, "requirements": requirements}
        )
    else:
        words.rows(requirements, args.format, columns=("id", "level", "applies_from", "covered_by", "title"))
    return 0


def _refused(sentences: Iterable[str]) -> int:
    for sentence in sentences:
        words.say(f"annexa: {sentence}")
    return 2


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"there is no framework {name!r}; known are {', '.join(sorted(known))}."


# --- diff


def _diff(args: argparse.Namespace) -> int:
    """How two editions differ: by mapping where their numbers differ and one is known, else by number."""
    from annexa.answers.libraries import active_or_shipped
    from annexa.pure.editions import correspondence, difference

    library = active_or_shipped()
    try:
        old, new = (library.frameworks.get(name) or _from_file(name, library) for name in (args.old, args.new))
    except _RefusedError as refused:
        return _refused(str(refused).splitlines())
    ways = correspondence(library, old, new) if old.id != new.id else None
    if ways is not None and ways.known:
        rows = _passages(ways)
        columns = ("fate", "old", "relation", "new", "title")
        by = "mapping"
    else:
        rows = _changes(difference(old, new))
        columns = ("change", "id", "field", "old", "new")
        by = "number"
    if args.format == "json":
        words.dump({"old": old.id, "new": new.id, "by": by, "rows": rows})
    else:
        shown = columns if args.format == "table" or by == "number" else (*columns, "confidence", "rationale")
        words.rows(rows, args.format, columns=shown)
    if not rows:
        words.say("No difference.")
    return 0


def _from_file(name: str, library: Any) -> Any:
    """The one framework that a file holds. Raises _RefusedError."""
    from annexa.adapters.catalogs import CatalogError, read
    from annexa.library.load import load
    from annexa.library.reader import LibraryError

    path = Path(name)
    if not path.is_file():
        raise _RefusedError(_unknown(name, library.frameworks).removesuffix(".") + ", and no such file either.")
    try:
        files = read(path.read_bytes(), path.name)
        frameworks = load({file: data for file, data in files.items() if file.startswith("frameworks/")}).frameworks
    except (CatalogError, LibraryError) as wrong:
        raise _RefusedError("\n".join(wrong.problems)) from wrong
    if len(frameworks) != 1:
        raise _RefusedError(f"{name}: it holds {len(frameworks)} frameworks; give a file with one.")
    return next(iter(frameworks.values()))


def _changes(found: Any) -> list[dict[str, Any]]:
    """A row for each thing that differs."""
    rows = [_row("changed", "", change.field, change.old, change.new) for change in found.header]
    rows += [_row("gone", one.id, "title", one.title, None) for one in found.gone]
    rows += [_row("added", one.id, "title", None, one.title) for one in found.added]
    rows += [_row("moved", one.id, "parent", one.old_parent, one.new_parent) for one in found.moved]
    return rows + [
        _row("changed", one.id, change.field, change.old, change.new) for one in found.changed for change in one.fields
    ]


def _row(change: str, requirement: str, name: str, old: Any, new: Any) -> dict[str, Any]:
    return {"change": change, "id": requirement, "field": name, "old": _said(old), "new": _said(new)}


def _said(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value


def _passages(found: Any) -> list[dict[str, Any]]:
    """A row for each step from the older into the newer edition, then one for each requirement without forerunner."""
    nothing = {"relation": None, "confidence": None, "rationale": None}
    rows: list[dict[str, Any]] = []
    for passage in found.old:
        start = {"fate": str(passage.fate), "old": passage.requirement.id, "title": passage.requirement.title}
        rows += [
            start
            | {
                "new": one.requirement,
                "relation": str(one.relation),
                "confidence": str(one.confidence),
                "rationale": one.edges[0].rationale,
            }
            for one in passage.related
        ]
        if not passage.related:
            rows.append(start | {"new": None} | nothing)
    return rows + [
        {"fate": str(passage.fate), "old": None, "title": passage.requirement.title, "new": passage.requirement.id}
        | nothing
        for passage in found.new
        if not passage.related
    ]


# --- export


def _export(args: argparse.Namespace) -> int:
    """Writes one framework, or the mappings between two."""
    from annexa.answers.libraries import active_or_shipped

    library = active_or_shipped()
    for name in (args.id, args.other):
        if name is not None and name not in library.frameworks:
            return _refused([_unknown(name, library.frameworks)])
    if (args.to == "oscal-mapping") != (args.other is not None):
        return _refused(["--to oscal-mapping and --with OTHER belong together."])
    try:
        text = _mapping_text(args, library) if args.other else _framework_text(args.to, library.frameworks[args.id])
    except _RefusedError as refused:
        return _refused([str(refused)])
    if args.output is None:
        sys.stdout.write(text)
    else:
        args.output.write_bytes(text.encode())
        words.say(f"Wrote {args.output}.")
    return 0


def _framework_text(form: str, framework: Any) -> str:
    from annexa.adapters.catalogs.ciso_assistant import ciso_assistant_yaml
    from annexa.adapters.catalogs.oscal import oscal_catalog
    from annexa.adapters.catalogs.rows import framework_csv
    from annexa.pure.library_files import framework_toml

    if form == "oscal":
        return oscal_catalog(framework, last_modified=words.now())
    if form == "ciso-assistant":
        return ciso_assistant_yaml(framework)
    return framework_csv(framework) if form == "csv" else framework_toml(framework).decode()


def _mapping_text(args: argparse.Namespace, library: Any) -> str:
    """Every mapping between the two, whichever way it is written down. Raises _RefusedError."""
    from annexa.adapters.catalogs.oscal import oscal_mapping

    ends = {args.id, args.other}
    found = sorted(
        (one for one in library.mappings if {one.source, one.target} == ends), key=lambda m: m.source != args.id
    )
    if not found:
        others = {
            end for one in library.mappings for end in (one.source, one.target) if args.id in (one.source, one.target)
        }
        named = ", ".join(sorted(others - {args.id})) or "none"
        raise _RefusedError(f"there is no mapping between {args.id} and {args.other}; {args.id} is mapped to: {named}.")
    return oscal_mapping(found, library.frameworks, last_modified=words.now())
