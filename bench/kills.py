"""kill -9 of any process of an installation while many edit: whether anything acknowledged was lost, or is half there.

python bench/kills.py [--json] [--database postgresql|sqlite] [--kills 100] [--editors 30] [--webs 2] [--pause 0.3]

Each kill hits, at a moment and by a choice that follow from the seed, a server process, the process that started it,
the worker, or on PostgreSQL (a server of its own) the process of a connection, after which PostgreSQL ends all others
and recovers. Whatever ended is started again, as systemd would. 1 if anything is wrong afterwards.
"""

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import suppress

from installation import report
from load import House, Noted, arguments, editors, house, lost_updates, quantiles, verified, wrong_afterwards

KINDS = ("server", "its parent", "worker", "connection")


def main() -> int:
    """Lets them edit, kills, stops, starts once more, and compares what was acknowledged with what is there."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--kills", type=int, default=100, help="default 100")
    parser.add_argument("--editors", type=int, default=30, help="default 30")
    parser.add_argument("--webs", type=int, default=2, help="server processes on PostgreSQL; default 2")
    parser.set_defaults(pause=0.3, systems=100)
    args = parser.parse_args()
    noted, stop, ended, chance = Noted(), threading.Event(), threading.Event(), random.Random(args.seed)
    with house(args.database, editors=args.editors, systems=args.systems, webs=args.webs) as at:
        clients = editors(at, many=args.editors, seed=args.seed, pause=args.pause, noted=noted, stop=stop)
        keeper = threading.Thread(target=_keep, args=(at, ended), daemon=True)
        began = time.monotonic()
        for one in (keeper, *clients):
            one.start()
        killed = Counter(_kill_one(at, chance) for _ in range(args.kills))
        time.sleep(1)  # until all have noticed the last one
        at.wait_until_ready(120)
        time.sleep(2)  # and a while in which all is well
        stop.set()
        for one in clients:
            one.join(90)
        took = time.monotonic() - began
        ended.set()
        keeper.join(30)
        at.stop()
        found = at.asked("check")
        outcome = verified(at)
        starts = sum(one.starts for one in at.runs)
    wrong = wrong_afterwards(noted, found)
    for sentence in wrong[:20]:
        print(sentence, file=sys.stderr)
    acknowledged = len(noted.edits) + len(noted.added) + len(noted.files)
    everything = [one for kind in noted.seconds.values() for one in kind]
    report(
        {
            "database": args.database, "processes": len(at.runs), "editors": args.editors, "seconds": round(took, 1),
            "seed": args.seed, "kills": args.kills,
            **{f"killed_{kind.replace(' ', '_')}": killed[kind] for kind in KINDS},
            "starts": starts, "requests": len(everything), **quantiles(everything), "acknowledged": acknowledged,
            "edits": len(noted.edits), "added": len(noted.added), "files": len(noted.files),
            "conflicts": noted.conflicts, "unanswered": noted.unknown, "entries": found["entries"],
            "lost_updates": lost_updates(noted, found), "wrong": len(wrong), "ledger_verify": outcome,
            **{f"error: {kind}": count for kind, count in noted.errors.most_common()},
        },
        as_json=args.json,
    )  # fmt: skip
    return 1 if wrong or outcome != "holds" or not acknowledged else 0


def _keep(at: House, ended: threading.Event) -> None:
    """Starts again whatever ended, until it is told to stop."""
    while not ended.wait(0.2):
        for one in at.runs:
            if not one.alive:
                one.start()


def _kill_one(at: House, chance: random.Random) -> str:
    """Waits until every server answers and a moment longer, then kills one process. Which kind it was."""
    at.wait_until_ready(120)
    time.sleep(chance.uniform(0.05, 1.5))
    kinds = KINDS if at.database else KINDS[:2]
    while True:
        kind = chance.choice(kinds)
        pid = _one_of(at, kind, chance)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return kind
        time.sleep(0.05)


def _one_of(at: House, kind: str, chance: random.Random) -> int:
    """The number of a process of this kind; 0 if there is none just now."""
    if kind == "connection":
        return _connection(at, chance)
    one = chance.choice([run for run in at.runs if bool(run.port) == (kind != "worker")])
    if one.process is None or not one.alive:
        return 0
    return chance.choice(one.children() or [0]) if kind == "server" else one.process.pid


def _connection(at: House, chance: random.Random) -> int:
    """The process of PostgreSQL behind one connection of the installation."""
    import psycopg

    asked = (
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY 1"
    )
    with suppress(psycopg.Error), psycopg.connect(at.database, connect_timeout=5) as connection:
        found = [pid for (pid,) in connection.execute(asked).fetchall()]
        return chance.choice(found) if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
