"""`annexa monitors`: which watch an AI system, run now, turned on and off, and what they compare with."""

import argparse
from typing import TYPE_CHECKING, Any

from annexa.cli import words

if TYPE_CHECKING:
    from annexa.answers.monitors import MonitorLine
    from annexa.records.monitors import MonitorRun

COLUMNS = ("monitor", "title", "state", "says", "ran_at", "due_at", "breach", "proves")
RUN = ("system", "monitor", "outcome", "says", "since", "until")


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "monitors", help="what watches AI systems, and what it found", epilog="example: annexa monitors list chatbot"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="list|run|on|off|freeze")
    one = below.add_parser(
        "list",
        help="every monitor as it stands for a system, the worst first; 1 if one fails",
        epilog="example: annexa monitors list chatbot --on --format json",
    )
    one.add_argument("system", metavar="SYSTEM")
    one.add_argument("--on", action="store_true", help="only those that watch")
    words.add_format(one)
    one.set_defaults(run=listed)
    two = below.add_parser(
        "run",
        help="run what is due, or what is named; 1 if anything fails, 3 if the log could not be read",
        epilog="example: annexa monitors run --system chatbot --monitor errors",
    )
    two.add_argument("--system", action="append", metavar="SLUG", help="only of this AI system; may be repeated")
    two.add_argument("--monitor", action="append", metavar="ID", help="only this one, due or not; may be repeated")
    two.add_argument("--all", action="store_true", help="all that are on, due or not")
    words.add_format(two)
    two.set_defaults(run=run)
    for name, says in (("on", "have monitors watch a system"), ("off", "have them watch it no more")):
        three = below.add_parser(name, help=says, epilog=f"example: annexa monitors {name} chatbot errors latency")
        three.add_argument("system", metavar="SYSTEM")
        three.add_argument("monitors", nargs="+", metavar="MONITOR")
        words.add_because(three)
        three.set_defaults(run=choose, on=name == "on")
    four = below.add_parser(
        "freeze",
        help="freeze what is usual in a window of the log; the monitor compares with it from now on",
        epilog="example: annexa monitors freeze chatbot input-drift --since 2026-09-01 --until 2026-10-01",
    )
    four.add_argument("system", metavar="SYSTEM")
    four.add_argument("monitor", metavar="MONITOR")
    four.add_argument("--since", required=True, metavar="T", help="date or instant, inclusive")
    four.add_argument("--until", required=True, metavar="T", help="date or instant, exclusive")
    words.add_because(four)
    four.set_defaults(run=freeze)


def listed(args: argparse.Namespace) -> int:
    """Prints the monitors of a system."""
    from annexa.answers.monitors import monitor_lines
    from annexa.pure.permits import ANNEXA

    _, lines = monitor_lines(actor=ANNEXA, slug=args.system)
    words.rows([_line(one) for one in lines if one.is_on or not args.on], args.format, columns=COLUMNS)
    return 1 if any(one.state == "fail" for one in lines) else 0


def run(args: argparse.Namespace) -> int:
    """Runs monitors and prints what they found."""
    from annexa.actions.monitor_process import alone
    from annexa.actions.monitoring import run_monitors
    from annexa.answers.activity_store import patiently

    with alone() as yes, patiently(words.Progress("fetching bytes")):
        if not yes:
            words.say("annexa: monitors are being run just now; see annexa monitors list, or try again in a minute.")
            return 3
        found = run_monitors(now=words.now(), systems=args.system, only=args.monitor, due=not args.all)
    words.rows([_run(one) for one in found], args.format, columns=RUN)
    if any(one.outcome == "error" for one in found):
        return 3
    return 1 if any(one.outcome == "fail" for one in found) else 0


def choose(args: argparse.Namespace) -> int:
    """Turns monitors on or off."""
    from annexa.actions.monitoring import choose_monitors
    from annexa.pure.permits import ANNEXA

    made = choose_monitors(
        actor=ANNEXA, person=None, system=args.system, chosen=args.monitors, on=args.on, because=args.because,
        now=words.now(),
    )  # fmt: skip
    words.say(f"{len(made)} changed: {', '.join(one.monitor for one in made)}.")
    return 0


def freeze(args: argparse.Namespace) -> int:
    """Freezes a baseline."""
    from annexa.actions.monitoring import freeze_baseline
    from annexa.answers.activity_store import patiently
    from annexa.pure.permits import ANNEXA

    since, until = (words.beginning(said) for said in (args.since, args.until))
    assert since is not None  # noqa: S101  both are required
    assert until is not None  # noqa: S101  as above
    with patiently(words.Progress("fetching bytes")):
        made = freeze_baseline(
            actor=ANNEXA, person=None, system=args.system, monitor=args.monitor, since=since, until=until,
            because=args.because, now=words.now(),
        )  # fmt: skip
    words.say(f"Frozen over {made.rows:,} events; its digest is {made.digest}.")
    return 0


def _line(one: "MonitorLine") -> dict[str, Any]:
    return {
        "monitor": one.monitor.id,
        "title": one.monitor.title,
        "state": one.state,
        "says": one.last.says if one.last and one.is_on else "",
        "ran_at": one.last.recorded_at.isoformat() if one.last else None,
        "due_at": one.due_at.isoformat() if one.due_at else None,
        "breach": one.breach.id if one.breach else None,
        "proves": [f"{proves.control}/{proves.expectation}" for proves in one.monitor.proves],
    }


def _run(one: "MonitorRun") -> dict[str, Any]:
    return {
        "system": one.system,
        "monitor": one.monitor,
        "outcome": one.outcome,
        "says": one.says,
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
    }
