"""`annexa grant`: roles that people and programs have in parts of the organisation."""

import argparse
from typing import Any

from annexa.cli import words

COLUMNS = ("id", "holder", "name", "role", "where", "state", "ends_at", "because")


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser("grant", help="roles in parts of the organisation", epilog="example: annexa grant list")
    below = found.add_subparsers(dest="what", required=True, metavar="give|list|end")
    one = below.add_parser(
        "give",
        help="give a role in a unit and below, for one AI system, or, with neither, everywhere",
        epilog="example: annexa grant give mei@example.org owner --unit retail --because 'Works there'",
    )
    one.add_argument("holder", metavar="EMAIL|SERVICE", help="a person, or a service account")
    one.add_argument("role", choices=("lead", "owner", "auditor", "reader"))
    where = one.add_mutually_exclusive_group()
    where.add_argument("--unit", default="", metavar="SLUG", help="only in this unit and below")
    where.add_argument("--system", default="", metavar="SLUG", help="only for this AI system")
    one.add_argument("--from", dest="starts_at", metavar="T", help="from when (default: now)")
    one.add_argument("--until", dest="ends_at", metavar="T", help="its last day; people from outside need one")
    one.add_argument("--because", default="", metavar="REASON", help="why; it stands in the ledger")
    one.set_defaults(run=give)
    two = below.add_parser(
        "list", help="who has which role where", epilog="example: annexa grant list --for mei@example.org"
    )
    two.add_argument("--for", dest="holder", default="", metavar="EMAIL|SERVICE", help="only of this holder")
    two.add_argument("--all", action="store_true", help="those that do not count now, too")
    words.add_format(two)
    two.set_defaults(run=show)
    three = below.add_parser(
        "end", help="end a grant before its time", epilog="example: annexa grant end 3f1c --because 'The audit is done'"
    )
    three.add_argument("grant", help="its id, or as much of it as tells it from others")
    three.add_argument("--because", default="", metavar="REASON", help="why; it stands in the ledger")
    three.set_defaults(run=end)


def give(args: argparse.Namespace) -> int:
    """Gives a role."""
    from annexa.actions.grants import grant_role
    from annexa.actions.sequencer import publish
    from annexa.actions.tokens import holder_named
    from annexa.pure.permits import ANNEXA

    now = words.now()
    made = grant_role(
        actor=ANNEXA, person=None, holder=holder_named(args.holder), role=args.role, because=args.because, now=now,
        unit=args.unit, system=args.system, starts_at=words.instant(args.starts_at, now),
        ends_at=words.instant(args.ends_at, now),
    )  # fmt: skip
    publish()
    print(given(args.holder, made.role, made.unit.slug if made.unit else None, made.system, made.id))
    return 0


def given(holder: str, role: str, unit: str | None, system: str | None, grant: str) -> str:
    """What was given, in one sentence."""
    return f"{holder} has the role {role}, {place(unit, system)}: {grant}"


def place(unit: str | None, system: str | None) -> str:
    """Where a role counts."""
    return f"unit/{unit}" if unit else f"system/{system}" if system else "everywhere"


def show(args: argparse.Namespace) -> int:
    """Lists the grants."""
    from annexa.actions.tokens import holder_named
    from annexa.answers.grants import list_grants
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import rfc3339

    holder = holder_named(args.holder).actor_id if args.holder else ""
    found = [
        {
            "id": one.grant.id,
            "holder": one.grant.holder,
            "name": one.name,
            "role": one.grant.role,
            "where": place(one.grant.unit.slug if one.grant.unit else None, one.grant.system),
            "state": one.state,
            "ends_at": rfc3339(one.grant.ends_at),
            "because": one.grant.because,
        }
        for one in list_grants(actor=ANNEXA, now=words.now(), holder=holder, counting=not args.all)
    ]
    words.rows(found, args.format, columns=COLUMNS)
    return 0


def end(args: argparse.Namespace) -> int:
    """Ends one grant."""
    from annexa.actions.grants import end_grant
    from annexa.actions.sequencer import publish
    from annexa.answers.grants import list_grants
    from annexa.pure.permits import ANNEXA

    now = words.now()
    found = [one.grant.id for one in list_grants(actor=ANNEXA, now=now) if one.grant.id.startswith(args.grant)]
    if len(found) > 1:
        words.say(f"annexa: {len(found)} grants begin with {args.grant}; write more of the id.")
        return 2
    end_grant(actor=ANNEXA, person=None, grant=found[0] if found else args.grant, because=args.because, now=now)
    publish()
    print("The grant has ended.")
    return 0
