"""`annexa logs`: the activity log sealed, verified and proven; logs_look.py looks into it, logs_keep.py erases."""

import argparse
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from annexa.cli import logs_keep, logs_look, words

_LESS_URGENT: Final = 5
"""By how much the priority of the process that seals is lower (nice)."""


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "logs",
        help="the activity log: look into it, sources, seal, verify, prove",
        epilog="example: annexa logs verify --since 2026-11-01",
    )
    below = found.add_subparsers(
        dest="what",
        required=True,
        metavar="query|export|sample|source|erase|hold|kept|retain|seal|verify|prove",
    )
    one = below.add_parser(
        "seal",
        help="seal what arrived; annexa serve and annexa worker start this themselves",
        epilog="example: annexa logs seal --once",
    )
    one.add_argument("--once", action="store_true", help="seal all that waits now, and end")
    one.add_argument("--parent", type=int, default=0, metavar="PID", help="end when this process is gone")
    one.set_defaults(run=seal)
    four = below.add_parser(
        "publish",
        help="bring the Delta tables that others read to what is sealed; the sealer does it within a minute",
        epilog="example: annexa logs publish",
    )
    four.set_defaults(run=publish)
    two = below.add_parser(
        "verify",
        help="recompute every event, file, root and entry of the activity log",
        epilog="example: annexa logs verify --system chatbot --since 2026-11-01",
    )
    two.add_argument("--system", metavar="SLUG", help="of one AI system only")
    two.add_argument("--since", metavar="T", help="only what was received since a date or instant")
    two.set_defaults(run=verify)
    three = below.add_parser(
        "prove",
        help="the proof of one event, as a file that needs no server",
        epilog="example: annexa logs prove 20261201T002000-8acf0a6038a0aa38 17 -o proof.json",
    )
    three.add_argument("segment", metavar="SEGMENT", help="the segment that the event is in")
    three.add_argument("row", type=int, metavar="ROW", help="its row there, from 0")
    three.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    three.set_defaults(run=prove)
    logs_look.add_parsers(below)
    logs_keep.add_parsers(below)


def verify(args: argparse.Namespace) -> int:
    """Recomputes everything; 1 if anything does not hold. Names each thing that is wrong, and what to do next."""
    from annexa.answers.activity_integrity import check_activity
    from annexa.cli.checks import print_checks

    since = words.beginning(args.since)
    found = check_activity(progress=words.Progress("verifying"), system=args.system, since=since)
    print_checks(found)
    return 0 if all(check.holds for check in found) else 1


def publish(_args: argparse.Namespace) -> int:
    """Brings the Delta tables of all systems to what is sealed."""
    from annexa.actions.publishing import publish_everything
    from annexa.answers.activity_store import objects

    done = publish_everything(store=objects(), now=words.now())
    words.say(f"{done:,} tables changed.")
    return 0


def prove(args: argparse.Namespace) -> int:
    """Writes the proof of one event."""
    from annexa.answers.record_proofs import record_proof
    from annexa.pure.permits import ANNEXA

    data = record_proof(actor=ANNEXA, segment=args.segment, row=args.row).to_bytes()
    if args.output is None:
        sys.stdout.write(data.decode())
        return 0
    args.output.write_bytes(data)
    words.say(f"Check it with: annexa verify {args.output} --key KEY; annexa ledger head prints the key.")
    return 0


def seal(args: argparse.Namespace) -> int:
    """Seals once, or until it is stopped; what it is at is finished first."""
    from annexa.actions.sealing import keep_sealing, seal_everything

    if args.once:
        done = seal_everything(
            clock=words.now, told=lambda done: words.say(f"sealing: {done.records:,} records so far")
        )
        words.say(
            f"{done.records:,} records sealed in {done.segments:,} segments; "
            f"{done.repeats:,} came again and were left out."
        )
        return 0
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    if args.parent and args.parent != os.getppid():
        return 0
    with suppress(OSError):  # whoever takes events in goes first: what waits can be found
        os.nice(_LESS_URGENT)
    keep_sealing(stop=stop, parent=args.parent)
    return 0
