"""`annexa groups`: the groups of a directory, and which roles follow from them."""

import argparse
from typing import Any

from annexa.cli import words


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "groups", help="groups of a directory, and the roles they bring", epilog="example: annexa groups list"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="list|map|unmap|apply")
    one = below.add_parser("list", help="every group", epilog="example: annexa groups list --format json")
    words.add_format(one)
    one.set_defaults(run=show)
    for name, run, said in (
        ("map", map_one, "let a group bring a role to everybody in it"),
        ("unmap", unmap_one, "let a group bring a role no more"),
    ):
        two = below.add_parser(
            name, help=said, epilog=f"example: annexa groups {name} 'GRC team' --role lead --because 'As agreed'"
        )
        two.add_argument("group", help="its name, or its id in the directory")
        two.add_argument("--role", required=True, metavar="ROLE", help="administrator, lead, owner, auditor or member")
        two.add_argument("--unit", default="", metavar="UNIT", help="only in this unit and below: lead to reader")
        two.add_argument("--because", required=True, metavar="REASON", help="why; it stands in the ledger")
        two.set_defaults(run=run)
    three = below.add_parser(
        "apply", help="give everybody the roles of their groups anew", epilog="example: annexa groups apply"
    )
    three.set_defaults(run=apply)


def show(args: argparse.Namespace) -> int:
    """Lists the groups."""
    from annexa.answers.directory import list_groups
    from annexa.pure.permits import ANNEXA

    rows = [
        {
            "group": line.group.name,
            "id": line.group.id,
            "external_id": line.group.external_id,
            "members": line.members,
            "brings": ", ".join(f"{one.role}@{one.unit}" if one.unit else one.role for one in line.brings),
        }
        for line in list_groups(actor=ANNEXA)
    ]
    words.rows(rows, args.format, columns=("group", "members", "brings", "external_id", "id"))
    return 0


def map_one(args: argparse.Namespace) -> int:
    """Maps a group to a role."""
    from annexa.actions.directory import map_group
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    made = map_group(
        actor=ANNEXA, by=None, group=args.group, role=args.role, unit=args.unit, because=args.because, now=words.now()
    )
    publish()
    print(f"Everybody in {made.group} is {made.role} now{f' in {args.unit}' if args.unit else ''}.")
    return 0


def unmap_one(args: argparse.Namespace) -> int:
    """Ends that a group brings a role."""
    from annexa.actions.directory import rule_for, unmap_group
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    rule = rule_for(args.group, args.role, args.unit)
    unmap_group(actor=ANNEXA, by=None, rule=rule, because=args.because, now=words.now())
    publish()
    print(f"{args.group} does not bring {args.role} any more.")
    return 0


def apply(_args: argparse.Namespace) -> int:
    """Lets roles follow the groups, after a setting changed."""
    from annexa.actions.directory import follow_groups
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    changed = follow_groups(actor=ANNEXA, now=words.now())
    publish()
    print(f"The roles of {changed} people changed.")
    return 0
