"""Many people and programs that edit at once through the HTTP API of real servers, and whether an update was lost.

python bench/editors.py [--json] [--database postgresql|sqlite] [--editors 200] [--seconds 120] [--webs 2] [--pause 1]

On PostgreSQL: server processes and a separate worker, on a server of its own that keeps what it acknowledges.
On SQLite: one process. Editors read a system and change what they read (If-Match), read lists, add systems
(Idempotency-Key) and hand in files; every tenth is signed in, the others have tokens. 1 if an update was lost, or the
ledger does not verify.
"""

import sys
import threading
import time

from installation import report
from load import Noted, arguments, editors, house, lost_updates, quantiles, verified, wrong_afterwards


def main() -> int:
    """Lets them edit, stops all of it, and compares what was acknowledged with what is there."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--editors", type=int, default=0, help="default 200; 20 on SQLite")
    parser.add_argument("--seconds", type=float, default=120, help="default 120")
    parser.add_argument("--webs", type=int, default=2, help="server processes on PostgreSQL; default 2")
    args = parser.parse_args()
    many = args.editors or (200 if args.database == "postgresql" else 20)
    noted, stop = Noted(), threading.Event()
    with house(args.database, editors=many, systems=args.systems, webs=args.webs) as at:
        clients = editors(at, many=many, seed=args.seed, pause=args.pause, noted=noted, stop=stop)
        began = time.monotonic()
        for one in clients:
            one.start()
        time.sleep(args.seconds)
        stop.set()
        for one in clients:
            one.join(90)
        took = time.monotonic() - began
        at.stop()
        found = at.asked("check")
        outcome = verified(at)
    wrong = wrong_afterwards(noted, found)
    for sentence in wrong[:20]:
        print(sentence, file=sys.stderr)
    everything = [one for kind in noted.seconds.values() for one in kind]
    figures = {
        "database": args.database, "processes": len(at.runs), "editors": many, "seconds": round(took, 1),
        "seed": args.seed, "requests": len(everything), "requests_per_s": round(len(everything) / took, 1),
        **quantiles(everything),
    }  # fmt: skip
    for kind, seconds in sorted(noted.seconds.items()):
        figures |= {f"{kind}_{name}": value for name, value in quantiles(seconds).items()}
    figures |= {
        "edits": len(noted.edits), "added": len(noted.added), "files": len(noted.files), "conflicts": noted.conflicts,
        "unanswered": noted.unknown, "errors": sum(noted.errors.values()), "entries": found["entries"],
        "lost_updates": lost_updates(noted, found), "wrong": len(wrong), "ledger_verify": outcome,
        **{f"error: {kind}": count for kind, count in noted.errors.most_common()},
    }  # fmt: skip
    report(figures, as_json=args.json)
    return 1 if wrong or outcome != "holds" else 0


if __name__ == "__main__":
    sys.exit(main())
