"""`annexa training`: who has to take what by when, who has it in date, and the gaps in AI literacy."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from annexa.cli import words
from annexa.pure.assignments import LATE

if TYPE_CHECKING:
    from annexa.answers.training import Dashboard

COLUMNS = ("person", "email", "training", "standing", "due_on", "completed_on", "until", "rules")
LITERACY = ("person", "email", "dealing", "systems", "training", "standing")


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "training", help="who has which training in date", epilog="example: annexa training list --late"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="list|literacy|settle")
    one = below.add_parser(
        "list",
        help="what rules ask of whom, the most pressing first; 1 if anything listed is overdue or expired",
        epilog="example: annexa training list --late --format csv",
    )
    one.add_argument("--late", action="store_true", help="only what is overdue or expired")
    one.add_argument("--person", metavar="EMAIL", help="only of one person")
    words.add_format(one)
    one.set_defaults(run=listed)
    two = below.add_parser(
        "literacy",
        help="who deals with AI systems and whether their training fits (AI Act Art. 4); 1 if there is a gap",
        epilog="example: annexa training literacy --gaps",
    )
    two.add_argument("--gaps", action="store_true", help="only where it does not")
    words.add_format(two)
    two.set_defaults(run=literacy)
    three = below.add_parser(
        "settle",
        help="tell the ledger now what rules ask of whom; a running server does so by itself",
        epilog="example: annexa training settle",
    )
    three.set_defaults(run=settle)


def listed(args: argparse.Namespace) -> int:
    """Prints the assignments."""
    rows = []
    for one in _board().assigned:
        done = one.strictest.completed
        rows.append(
            {
                "person": one.learner.name, "email": one.learner.email, "training": one.title,
                "standing": one.standing, "due_on": one.due_on.isoformat(),
                "completed_on": done.on.isoformat() if done else None,
                "until": one.until.isoformat() if one.until else None,
                "rules": [duty.rule.slug for duty in one.duties],
            }
        )  # fmt: skip
    return print_assigned(rows, args)


def print_assigned(found: Iterable[Mapping[str, Any]], args: argparse.Namespace) -> int:
    """The assignments that were asked for; 1 if any of them is late."""
    wanted = args.person.casefold() if args.person else None
    rows = [
        one for one in found if wanted in (None, one["email"].casefold()) and (not args.late or one["standing"] in LATE)
    ]
    late = sum(one["standing"] in LATE for one in rows)
    _print(rows, COLUMNS, args.format)
    words.say(f"{late} of {len(rows)} are overdue or expired.")
    return 1 if late else 0


def literacy(args: argparse.Namespace) -> int:
    """Prints who deals with AI systems."""
    rows = [
        {
            "person": one.learner.name, "email": one.learner.email, "dealing": one.dealing,
            "systems": list(one.systems), "current": one.current,
            "training": one.duty.rule.title if one.duty else None,
            "standing": one.duty.standing if one.duty else None,
        }
        for one in _board().literacy
    ]  # fmt: skip
    return print_literacy(rows, args)


def print_literacy(found: Iterable[Mapping[str, Any]], args: argparse.Namespace) -> int:
    """Those who were asked for; 1 if any of them has a gap."""
    rows = [{**one, "standing": one["standing"] or "no rule"} for one in found if not (args.gaps and one["current"])]
    gaps = sum(not one["current"] for one in rows)
    _print(rows, LITERACY, args.format)
    words.say(f"{gaps} of {len(rows)} have a gap.")
    return 1 if gaps else 0


def settle(_args: argparse.Namespace) -> int:
    """Tells the ledger."""
    from annexa.actions.sequencer import publish
    from annexa.actions.training import settle_training

    told = settle_training(now=words.now())
    publish()
    print(f"{told} changes of who has to take what were recorded.")
    return 0


def _board() -> "Dashboard":
    from annexa.answers.training import dashboard
    from annexa.pure.permits import ANNEXA

    return dashboard(actor=ANNEXA, now=words.now())


def _print(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], how: str) -> None:
    """As JSON lists stay lists; everywhere else they are words."""
    if how != "json":
        rows = [
            {name: ", ".join(value) if isinstance(value, list) else value for name, value in one.items()}
            for one in rows
        ]
    words.rows(rows, how, columns=columns)
