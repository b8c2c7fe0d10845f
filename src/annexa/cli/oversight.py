"""`annexa oversight`: what waits for a human, what came of cases, how oversight works, and stop switches."""

import argparse
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from annexa.cli import words

QUEUE = ("case", "system", "state", "until", "taken_by", "reference")
DECISIONS = ("case", "system", "at", "decision", "how", "reviewers", "seconds")
FIGURES = ("of", "decisions", "overridden", "stopped", "override_rate", "median_seconds", "too_fast")
SWITCH = ("system", "stopped", "since", "because", "if_unreachable")


def add_parsers(sub: Any) -> None:
    """Adds `oversight`."""
    found = sub.add_parser(
        "oversight", help="AI decisions that wait for a human, and stop switches",
        epilog="example: annexa oversight switch loan-scorer",
    )  # fmt: skip
    below = found.add_subparsers(dest="what", required=True, metavar="list|decisions|statistics|switch|post|result")
    one = _add(below, "list", "the cases that wait", "annexa oversight list --system loan-scorer", show_queue)
    one.add_argument("--system", default="", metavar="SLUG", help="only of this AI system")
    two = _add(below, "decisions", "what came of cases", "annexa oversight decisions --days 30", show_decisions)
    two.add_argument("--system", default="", metavar="SLUG", help="only of this AI system")
    two.add_argument("--days", type=int, default=90, help="of the last so many days (default: 90)")
    three = _add(
        below, "statistics", "override rates and review times of twelve weeks", "annexa oversight statistics",
        show_figures,
    )  # fmt: skip
    three.add_argument("--system", default="", metavar="SLUG", help="only of this AI system")
    three.add_argument("--by", choices=("system", "reviewer", "week"), default="system", help="(default: system)")
    four = _add(
        below, "switch", "whether a system may go on: 0 it may, 1 it is stopped", "annexa oversight switch loan-scorer",
        show_switch,
    )  # fmt: skip
    four.add_argument("system", help="the AI system, by its slug")
    there = "annexa --server URL oversight"
    five = _add(below, "post", "post a case over --server", f"{there} post loan-scorer case.json", only_there)
    five.add_argument("system", help="the AI system, by its slug")
    five.add_argument("file", type=Path, metavar="FILE", help="the case as JSON, as in docs/oversight.md")
    six = _add(
        below, "result", "what came of a case over --server: 0 it may be used, 1 not, or not yet",
        f"{there} result 5f0c9d1e", only_there,
    )  # fmt: skip
    six.add_argument("case", help="the id of the case")


def _add(below: Any, name: str, help_: str, example: str, run: Any) -> Any:
    found = below.add_parser(name, help=help_, epilog=f"example: {example}")
    words.add_format(found)
    found.set_defaults(run=run)
    return found


def show_queue(args: argparse.Namespace) -> int:
    """Lists what waits, what ends first on top. 1 if anything does."""
    from annexa.answers.oversight import queue
    from annexa.pure.permits import ANNEXA

    found = queue(actor=ANNEXA, now=words.now(), system=args.system)
    rows = [
        {
            "case": one.item.id,
            "system": one.item.system,
            "state": one.state,
            "until": one.ends.isoformat(),
            "taken_by": list(one.holders),
            "reference": one.item.reference,
        }
        for one in found.others
    ]
    words.rows(rows, args.format, columns=QUEUE)
    return 1 if rows else 0


def show_decisions(args: argparse.Namespace) -> int:
    """Lists what came of cases: of which system, when, decided how and by whom, after how many seconds."""
    from annexa.answers.oversight import decisions

    now = words.now()
    found = decisions(since=now - timedelta(days=args.days), until=now, system=args.system)
    rows = [
        {
            "case": one.item,
            "system": one.system,
            "at": one.at.isoformat(),
            "decision": one.decision,
            "how": one.how,
            "reviewers": [f"person/{number}" for number in one.reviewers],
            "seconds": one.seconds,
        }
        for one in found
    ]
    words.rows(rows, args.format, columns=DECISIONS)
    return 0


def show_figures(args: argparse.Namespace) -> int:
    """Shows override rates, review times and approvals that came too fast. 1 if there is a sign of automation bias."""
    from annexa.answers.oversight_figures import statistics
    from annexa.pure.permits import ANNEXA

    found = statistics(actor=ANNEXA, now=words.now(), system=args.system)
    lines = {
        "system": [(slug, one) for slug, _, one in found.systems],
        "reviewer": [(name, one) for _, name, one in found.reviewers],
        "week": [(day.isoformat(), one) for day, one in found.weeks],
    }[args.by]
    rows = [{"of": of, **{name: getattr(one, name) for name in FIGURES[1:]}} for of, one in lines]
    words.rows(rows, args.format, columns=FIGURES)
    warnings = [(of, sentence) for of, one in lines for sentence in one.warnings]
    for of, sentence in warnings:
        words.say(f"{of}: {sentence}")
    return 1 if warnings else 0


def show_switch(args: argparse.Namespace) -> int:
    """Says whether a system may go on. 1 if it is stopped."""
    from annexa.answers.stop_switch import stop_switch
    from annexa.pure.permits import ANNEXA

    found = stop_switch(actor=ANNEXA, system=args.system)
    said = {name: getattr(found, name) for name in SWITCH}
    return print_switch(said | {"since": found.since.isoformat() if found.since else None}, args.format)


def print_switch(said: dict[str, Any], form: str) -> int:
    """Prints where a switch stands. 1 if the system is stopped."""
    if form == "json":
        words.dump(said)
    else:
        words.rows([{name: said[name] for name in SWITCH}], form, columns=SWITCH)
    return 1 if said["stopped"] else 0


def only_there(args: argparse.Namespace) -> int:
    """Programs post cases with a token, so that it is known which one it was."""
    words.say(f"annexa: oversight {args.what} goes over --server, with the token of the system in ANNEXA_TOKEN.")
    return 2


def read_case(file: Path) -> dict[str, Any]:
    """A case from a file. Raises ValueError where it is none."""
    found = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{file.name} is no JSON object with title and output.")
    return found
