"""`annexa units`: the tree that the organisation consists of."""

import argparse
from pathlib import Path
from typing import Any

from annexa.cli import words

COLUMNS = ("slug", "name", "parent", "depth", "closed", "systems")


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser("units", help="the tree of units", epilog="example: annexa units list")
    below = found.add_subparsers(dest="what", required=True, metavar="list|add|change|adopt|import")
    one = below.add_parser("list", help="the tree, in order", epilog="example: annexa units list --format json")
    words.add_format(one)
    one.set_defaults(run=show)
    two = below.add_parser("add", help="add a unit", epilog="example: annexa units add Cards --parent retail")
    two.add_argument("name")
    two.add_argument("--parent", default="", metavar="SLUG", help="the unit it stands below (default: none)")
    _add_because(two)
    two.set_defaults(run=add)
    three = below.add_parser(
        "change",
        help="rename, move, close or reopen a unit",
        epilog="example: annexa units change cards --name 'Card business' --because 'Renamed by the board'",
    )
    three.add_argument("slug")
    three.add_argument("--name", help="its new name; its AI systems follow")
    where = three.add_mutually_exclusive_group()
    where.add_argument("--parent", metavar="SLUG", help="the unit it moves below")
    where.add_argument("--top", action="store_true", help="it moves directly below the organisation")
    ends = three.add_mutually_exclusive_group()
    ends.add_argument("--close", action="store_true", help="close it; only an empty one can be")
    ends.add_argument("--reopen", action="store_true", help="open it again")
    _add_because(three)
    three.set_defaults(run=change)
    four = below.add_parser(
        "adopt",
        help="make a unit of each name that AI systems give and that is none yet",
        epilog="example: annexa units adopt",
    )
    _add_because(four)
    four.set_defaults(run=adopt)
    five = below.add_parser(
        "import",
        help="take units from a file with the columns name and parent, all or none",
        epilog="example: annexa units import units.csv --dry-run",
    )
    five.add_argument("file", type=Path, metavar="FILE", help="CSV, XLSX, JSON or YAML")
    five.add_argument("--dry-run", action="store_true", help="say what would be added, change nothing")
    _add_because(five)
    five.set_defaults(run=take)


def _add_because(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--because", default="", metavar="REASON", help="why; it stands in the ledger")


def show(args: argparse.Namespace) -> int:
    """Prints the tree."""
    from annexa.answers.governance import governance_page
    from annexa.pure.permits import ANNEXA

    page = governance_page(actor=ANNEXA)
    found = [
        {
            "slug": one.placed.unit.slug, "name": one.placed.unit.name, "parent": one.placed.unit.parent or None,
            "depth": one.placed.depth, "closed": one.placed.unit.closed, "systems": one.systems,
        }
        for one in page.units
    ]  # fmt: skip
    print_tree(found, [{"name": name, "systems": number} for name, number in page.loose], args.format)
    return 0


def print_tree(found: list[dict[str, Any]], loose: list[dict[str, Any]], how: str) -> None:
    """The units; a table has names indented by depth. Names that are no unit yet are told beside."""
    if how == "table":
        found = [
            {**one, "name": "  " * one["depth"] + one["name"], "closed": "yes" if one["closed"] else "no"}
            for one in found
        ]
    words.rows(found, how, columns=COLUMNS)
    for one in loose:
        words.say(f"No unit yet: {one['name']} ({one['systems']} AI systems); annexa units adopt makes it one.")


def add(args: argparse.Namespace) -> int:
    """Adds one unit."""
    from annexa.actions.sequencer import publish
    from annexa.actions.units import add_unit
    from annexa.pure.permits import ANNEXA

    made = add_unit(actor=ANNEXA, name=args.name, parent=args.parent, because=args.because, now=words.now())
    publish()
    print(f"{made.name} is a unit: {made.slug}")
    return 0


def change(args: argparse.Namespace) -> int:
    """Changes one unit."""
    from annexa.actions.errors import NotFoundError
    from annexa.actions.sequencer import publish
    from annexa.actions.units import change_unit
    from annexa.answers.actors import units
    from annexa.pure.permits import ANNEXA

    if args.name is None and args.parent is None and not (args.top or args.close or args.reopen):
        words.say("annexa: say what changes, with --name, --parent, --top, --close or --reopen.")
        return 2
    seen = next((one for one in units() if one.slug == args.slug), None)
    if seen is None:
        raise NotFoundError(f"There is no unit {args.slug}.")
    parent = "" if args.top else seen.parent if args.parent is None else args.parent
    made = change_unit(
        actor=ANNEXA, slug=args.slug, name=args.name or seen.name, parent=parent,
        closed=args.close or (seen.closed and not args.reopen), because=args.because, now=words.now(),
    )  # fmt: skip
    publish()
    where = f"below {made.parent.name}" if made.parent else "directly below the organisation"
    print(f"{made.name} stands {where}{', closed' if made.closed else ''}.")
    return 0


def adopt(args: argparse.Namespace) -> int:
    """Makes units of the names in the register."""
    from annexa.actions.sequencer import publish
    from annexa.actions.units import adopt_units
    from annexa.pure.permits import ANNEXA

    made = adopt_units(actor=ANNEXA, now=words.now(), because=args.because)
    publish()
    adopted([one.name for one in made])
    return 0


def adopted(names: list[str]) -> None:
    """The names that became units, one on a line."""
    for name in names:
        print(name)
    words.say("Every name is a unit already." if not names else f"{len(names)} became units.")


def take(args: argparse.Namespace) -> int:
    """Adds the units of a file. 0 done, 1 problems found and nothing added, 2 wrong file."""
    from annexa.actions.errors import InvalidError
    from annexa.actions.sequencer import publish
    from annexa.actions.units import import_units
    from annexa.adapters.tables import TableError, read_table
    from annexa.pure.permits import ANNEXA

    try:
        table = read_table(args.file.read_bytes(), name=args.file.name)
    except TableError as error:
        words.say(f"annexa: {error}")
        return 2
    if table.problems:
        for problem in table.problems:
            words.say(str(problem))
        words.say(f"Nothing was added: {len(table.problems)} to mend.")
        return 1
    columns = [heading.strip().casefold() for heading in table.header]
    if "name" not in columns:
        words.say(f"annexa: {args.file} has no column name; it has {', '.join(table.header)}. Give it name and parent.")
        return 2
    name, parent = columns.index("name"), columns.index("parent") if "parent" in columns else None
    rows = [(row.number, row.cells[name], row.cells[parent] if parent is not None else "") for row in table.rows]
    try:
        added, there = import_units(
            actor=ANNEXA, rows=rows, now=words.now(), because=args.because, dry_run=args.dry_run
        )  # fmt: skip
    except InvalidError as error:
        problems = [(where, one) for where, told in error.problems.items() for one in told]
        for where, sentence in problems:
            words.say(f"{where[:1].upper()}{where[1:]}: {sentence}" if where else sentence)
        words.say(f"Nothing was added: {len(problems)} to mend.")
        return 1
    publish()
    for one in added:
        print(one)
    words.say(f"{len(added)} {'would be added' if args.dry_run else 'added'}, {there} there already.")
    return 0
