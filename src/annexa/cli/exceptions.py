"""`annexa exceptions`: which exceptions from rules count, and the decision about one, in a person's own name."""

import argparse
from typing import Any

from annexa.cli import words

COLUMNS = ("exception", "name", "state", "asked_by", "owner", "until")
STEPS = ("at", "step", "by", "until", "because")
FINE = frozenset({"approved", "refused", "ended"})
"""How an exception stands where nobody has to do anything."""


def add_parsers(sub: Any) -> None:
    """Adds `exceptions`."""
    found = sub.add_parser("exceptions", help="exceptions from rules", epilog="example: annexa exceptions list")
    below = found.add_subparsers(dest="what", required=True, metavar="list|show|approve|refuse|withdraw")
    one = below.add_parser(
        "list", help="those that have not ended; 1 if one waits or has lapsed",
        epilog="example: annexa exceptions list --format csv",
    )  # fmt: skip
    two = below.add_parser(
        "show",
        help="every decision about one; 1 if it does not count",
        epilog="example: annexa exceptions show consoles",
    )
    for parser, run in ((one, listed), (two, show)):
        words.add_format(parser)
        parser.set_defaults(run=run)
    for name, does in (("approve", "approve one"), ("refuse", "refuse one, which ends it"),
                       ("withdraw", "take an approval back")):  # fmt: skip
        parser = below.add_parser(
            name, help=f"{does}; over --server, by a person",
            epilog=f"example: annexa exceptions {name} consoles --because 'Looked at' (after --server URL)",
        )  # fmt: skip
        words.add_because(parser)
        parser.set_defaults(run=words.by_people_only)
        parser.add_argument("exception", metavar="SLUG", help="the exception, as annexa exceptions list names it")
    two.add_argument("exception", metavar="SLUG", help="the exception, as annexa exceptions list names it")


def listed(args: argparse.Namespace) -> int:
    """Prints what has not ended. 1 if one waits for a decision, or its day has passed."""
    from annexa.answers.registers import rows_of
    from annexa.pure.exception_steps import standing
    from annexa.pure.permits import ANNEXA
    from annexa.pure.registers.exceptions import EXCEPTIONS

    today = words.now().date()
    rows = [
        {
            "exception": row.slug, "name": row.name, "state": standing(row.entry, today), "asked_by": row.asked_by,
            "owner": row.owner, "until": row.until.isoformat() if row.until else None,
        }
        for row in rows_of(ANNEXA, EXCEPTIONS).defer("words").order_by("slug")
        if not EXCEPTIONS.ended(row.entry, today)
    ]  # fmt: skip
    return printed(rows, args)


def show(args: argparse.Namespace) -> int:
    """Prints every decision about one exception. 1 unless it is approved, or the rule holds again."""
    from annexa.answers.exceptions import exception_page
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import rfc3339

    page = exception_page(actor=ANNEXA, person=None, slug=args.exception, now=words.now())
    rows = [
        {
            "at": rfc3339(one.recorded_at), "step": one.step, "by": one.by.name,
            "until": one.until.isoformat() if one.until else None, "because": one.because,
        }
        for one in page.steps
    ]  # fmt: skip
    return decided(rows, page.state, page.lacking, args)


def printed(rows: list[dict[str, Any]], args: argparse.Namespace) -> int:
    """Prints exceptions. 1 if one waits for a decision, or its day has passed."""
    words.rows(rows, args.format, columns=COLUMNS)
    return 0 if all(row["state"] in FINE for row in rows) else 1


def decided(rows: list[dict[str, Any]], state: str, lacking: Any, args: argparse.Namespace) -> int:
    """Prints decisions, and says how the exception stands."""
    words.rows(rows, args.format, columns=STEPS)
    words.say(f"{args.exception}: {state}" + "".join(f"; {one}" for one in lacking))
    return 0 if state in FINE else 1
