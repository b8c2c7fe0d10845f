"""`annexa logs`: the activity log sealed and verified."""

import argparse
import os
import signal
import threading
from typing import Any

from annexa.cli import words


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "logs", help="the activity log: seal, verify", epilog="example: annexa logs verify --since 2026-11-01"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="seal|verify")
    one = below.add_parser(
        "seal",
        help="seal what arrived; annexa serve and annexa worker start this themselves",
        epilog="example: annexa logs seal --once",
    )
    one.add_argument("--once", action="store_true", help="seal all that waits now, and end")
    one.add_argument("--parent", type=int, default=0, help=argparse.SUPPRESS)
    one.set_defaults(run=seal)


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
    keep_sealing(stop=stop, parent=args.parent)
    return 0
