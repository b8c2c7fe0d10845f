"""`annexa acceptances`: what is left of risks, proposed by one person and accepted by another, until a day."""

import argparse
from typing import Any

from annexa.cli import words

COLUMNS = ("id", "risk", "state", "level", "until", "by", "because")
STEPS = ("at", "step", "by", "because")
STATES = ("proposed", "accepted", "replaced", "lapsed", "refused", "withdrawn")


def add_parsers(sub: Any) -> None:
    """Adds `acceptances`."""
    found = sub.add_parser(
        "acceptances", help="acceptance of risks", epilog="example: annexa acceptances list --state proposed"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="list|show|propose|accept|refuse|withdraw")
    one = below.add_parser(
        "list", help="the latest first; 1 if one has lapsed", epilog="example: annexa acceptances list --state lapsed"
    )
    one.add_argument("--risk", default="", metavar="SLUG", help="only of this risk")
    one.add_argument("--state", choices=STATES, default="", help="only in this state")
    two = below.add_parser(
        "show", help="what became of one; 1 if it does not hold", epilog="example: annexa acceptances show 9c1e"
    )
    for parser, run in ((one, listed), (two, show)):
        words.add_format(parser)
        parser.set_defaults(run=run)
    three = below.add_parser(
        "propose",
        help="propose to live with what is left of a risk",
        epilog="example: annexa acceptances propose fire --until 2027-02-18 --because 'Insured' (after --server URL)",
    )
    three.add_argument("risk", metavar="SLUG", help="the risk, as annexa records list risks names it")
    three.add_argument("--until", required=True, metavar="DAY", help="the last day on which it is accepted")
    deciding = [
        below.add_parser(
            name, help=does, epilog=f"example: annexa acceptances {name} 9c1e --because 'Read' (after --server URL)"
        )
        for name, does in (
            ("accept", "accept a proposal of somebody else"), ("refuse", "refuse a proposal"),
            ("withdraw", "take an acceptance back"),
        )
    ]  # fmt: skip
    for parser in (two, *deciding):
        parser.add_argument("id", metavar="ID", help="the proposal, as annexa acceptances list names it")
    for parser in (three, *deciding):
        words.add_because(parser)
        parser.set_defaults(run=words.by_people_only)


def listed(args: argparse.Namespace) -> int:
    """Prints proposals and what became of them. 1 if one has lapsed."""
    from annexa.answers.risks import list_acceptances
    from annexa.pure.permits import ANNEXA

    found = list_acceptances(actor=ANNEXA, now=words.now(), risk=args.risk, state=args.state)
    return printed([_row(one) for one in found], args)


def show(args: argparse.Namespace) -> int:
    """Prints what became of one proposal. 1 unless it is accepted and holds."""
    from annexa.answers.risks import one_acceptance
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import rfc3339

    one = one_acceptance(actor=ANNEXA, now=words.now(), proposal=args.id)
    first = {"at": rfc3339(one.proposal.recorded_at), "step": "proposed", "by": one.proposal.by.name,
             "because": one.proposal.because}  # fmt: skip
    steps = [
        {"at": rfc3339(step.recorded_at), "step": step.step, "by": step.by.name, "because": step.because}
        for step in one.steps
    ]
    return told(_row(one), [first, *steps], one.because, args)


def printed(rows: list[dict[str, Any]], args: argparse.Namespace) -> int:
    """Prints proposals. 1 if one has lapsed."""
    words.rows(rows, args.format, columns=COLUMNS)
    return 1 if any(row["state"] == "lapsed" for row in rows) else 0


def told(row: dict[str, Any], steps: list[dict[str, Any]], lapsed: str, args: argparse.Namespace) -> int:
    """Prints the steps of a proposal, and says how it stands. 1 unless it is accepted and holds."""
    words.rows(steps, args.format, columns=STEPS)
    words.say(
        f"{row['risk']}: {row['state']} at {row['level']} until {row['until']}" + (f"; {lapsed}" if lapsed else "")
    )
    return 0 if row["state"] == "accepted" else 1


def _row(one: Any) -> dict[str, Any]:
    row = one.proposal
    return {
        "id": row.id, "risk": row.risk_id, "state": one.state, "level": row.level, "until": row.until.isoformat(),
        "by": row.by.name, "because": row.because,
    }  # fmt: skip
