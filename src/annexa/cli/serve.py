"""`annexa serve`, `worker`, `demo`, `doctor`: run it, try it, see what is wrong with it."""

import argparse
import errno
import os
import signal
from contextlib import suppress
from typing import Any

from annexa.cli import words

THREADS = 6
"""Of one server process: requests that it works on at once; intake takes four of them at most."""
MOST_PROCESSES = 64
_ARENAS = 2
_M_ARENA_MAX = -8  # of glibc's mallopt


def add_parsers(sub: Any) -> None:
    """Adds the commands."""
    one = sub.add_parser(
        "serve",
        help="serve the pages; prepares the database first if needed",
        epilog="example: annexa serve --port 8000",
    )
    one.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    one.add_argument("--port", type=_port, default=8000, help="port to listen on (default: 8000)")
    one.add_argument(
        "--processes", type=_processes, default=1, metavar="N", help="server processes, on PostgreSQL (default: 1)"
    )
    one.add_argument("--demo", action="store_true", help="create the demo organisation on an empty home first")
    one.set_defaults(run=serve, makes_home=True)
    work = sub.add_parser(
        "worker",
        help="place and publish the ledger and send webhooks, beside server processes that do not",
        epilog="example: annexa worker",
    )
    work.set_defaults(run=worker, makes_home=True)
    two = sub.add_parser("demo", help="create the demo organisation on an empty home", epilog="example: annexa demo")
    two.set_defaults(run=demo, makes_home=True)
    three = sub.add_parser(
        "doctor",
        help="what is configured, what is wrong, how to mend it",
        epilog="example: annexa doctor --format json",
    )
    words.add_format(three)
    three.set_defaults(run=doctor)


def prepare() -> None:
    """Brings the database to this version, makes the signing key, and settles what a killed process left behind.

    Of several processes that start at once, one does it and the others find it done.
    """
    from annexa.actions.backups import require_finished
    from annexa.records import turns
    from annexa.settings import make_home

    make_home()
    require_finished()
    with turns.held(turns.PREPARE):
        _prepare()


def _prepare() -> None:
    from datetime import timedelta

    from django.core.management import call_command

    from annexa.actions.libraries import settle_library
    from annexa.actions.processes import require_same_home
    from annexa.actions.sequencer import publish, sequence
    from annexa.answers.migrations import missing_migrations
    from annexa.answers.store import blobs, signer, tiles
    from annexa.library.load import library

    if missing_migrations():
        call_command("migrate", interactive=False, verbosity=0)
    require_same_home(now=words.now())
    library()
    signer()
    now = words.now()
    sequence(now=now)
    settle_library(now=now)
    publish()
    blobs().sweep(older_than=now - timedelta(days=1))
    tiles().sweep(older_than=now - timedelta(days=1))


def serve(args: argparse.Namespace) -> int:
    """Serves until it is stopped."""
    from django.conf import settings
    from django.db import connection, connections

    if args.processes > 1 and connection.vendor != "postgresql":
        words.say("annexa: several processes need PostgreSQL; set ANNEXA_DATABASE_URL, or leave --processes out.")
        return 2
    if problem := _cannot_listen(args.host, args.port):
        words.say(f"annexa: {problem}")
        return 3
    prepare()
    if args.demo:
        words.say(_make_demo())
    from annexa.actions.organisation import start_links

    for link in start_links(f"http://{args.host}:{args.port}"):
        print(f"Annexa is ready: {link}", flush=True)
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ["DJANGO_SETTINGS_MODULE"] = "annexa.settings"
    _be_modest()
    connections.close_all()  # no connection is shared with the processes that begin here
    Granian(
        "annexa.wsgi:application",
        address=args.host,
        port=args.port,
        interface=Interfaces.WSGI,
        workers=args.processes,
        blocking_threads=THREADS,
        backlog=256,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        log_dictconfig=settings.LOGGING,
    ).serve()
    return 0


def worker(_args: argparse.Namespace) -> int:
    """Works until it is stopped. Whatever it was at is finished first."""
    prepare()
    _be_modest()
    from annexa.actions import processes
    from annexa.actions.worker import STOP, figures, work

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: STOP.set())
    processes.keep_telling(serves=False, works=True, figures=lambda: {"worker": figures()})
    print("Annexa works: the ledger is placed and published, webhooks are sent.", flush=True)
    work()
    processes.end_of_process(name=processes.name_here(), now=words.now())
    return 0


def _be_modest() -> None:
    """Has this process and those that begin here give memory back that is free again, unless told otherwise.

    A server that takes events in holds a fifth less then, and takes no longer (bench/intake.py). Other C libraries than
    glibc do it by themselves or not at all.
    """
    import ctypes

    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if "MALLOC_ARENA_MAX" not in os.environ:
        os.environ["MALLOC_ARENA_MAX"] = str(_ARENAS)  # for those that begin
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def _processes(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST_PROCESSES:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes; write one from 1 to {MOST_PROCESSES}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; write a number from 1 to 65535")
    return int(text)


def _cannot_listen(host: str, port: int) -> str:
    """Why nobody can listen there; "" if one can. The server itself would share a port with another one silently."""
    import socket

    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except socket.gaierror:
        return f"{host} is not an address of this machine."
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is used by another program" if taken else f"cannot be used: {error.strerror}"
        return f"port {port} on {host} {reason}; choose another one with --port."
    return ""


def demo(_args: argparse.Namespace) -> int:
    """Creates the demo organisation; does nothing if it is there already."""
    prepare()
    words.say(f"{_make_demo()} Start with: annexa serve")
    return 0


def _make_demo() -> str:
    from annexa.actions.demo import create_demo
    from annexa.actions.libraries import keep_library
    from annexa.actions.sequencer import publish

    person = create_demo(now=words.now())
    keep_library()
    publish()
    return f"The demo organisation is ready; {person.name} is its administrator."


def doctor(args: argparse.Namespace) -> int:
    """Looks at everything Annexa stands on. 1 if something is wrong."""
    from annexa.answers.health import examine

    found = examine()
    words.rows([{"what": f.what, "state": f.state, "detail": f.detail, "mend": f.mend} for f in found], args.format)
    return 1 if any(f.state == "wrong" for f in found) else 0
