"""Replaying a ledger into an empty home: how long it takes, and how much memory.

    python bench/rebuild.py [--json] [--rows 50000]

The demo organisation, and a house of so many assets that were imported and of which every tenth was changed. Told are
seconds by the clock and, since other programs may be busy, seconds of the program alone; both with its start, the
making of the tables and both verifications.
"""

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from installation import SEED, installation, options, report

REBUILD = """
import resource, sys, time
started = time.perf_counter()
import django
django.setup()
from datetime import UTC, datetime
from pathlib import Path
from annexa.actions.rebuilding import rebuild
from annexa.answers.ledger_sources import from_home
from annexa.pure.permits import ANNEXA
quiet, now = (lambda _what: lambda _done, _total: None), datetime.now(UTC)
source = from_home(Path(sys.argv[1]), url="", store=None, now=now)
done = rebuild(actor=ANNEXA, source=source, now=now, say=quiet)
used = resource.getrusage(resource.RUSAGE_SELF)
import json
print(json.dumps({
    "entries": done.size, "rows": sum(done.rows.values()), "holds": done.holds,
    "rebuild_s": round(time.perf_counter() - started, 1), "of_this_process_s": round(used.ru_utime + used.ru_stime, 1),
    "peak_rss_mib": used.ru_maxrss // 1024,
}))
"""


def main() -> None:
    """Makes both, replays both."""
    args = options(__doc__ or "", rows=50_000)
    with installation() as home:
        from annexa.actions.demo import create_demo

        create_demo(now=datetime.now(UTC))
        figures = {f"demo_{name}": value for name, value in _rebuilt(home).items()}
        _assets(args.rows)
        figures |= {f"house_{name}": value for name, value in _rebuilt(home).items()}
    report(figures, as_json=args.json)


def _assets(many: int) -> None:
    """Adds so many to the register, in one import and then a change of every tenth."""
    from annexa.actions.door import door
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA
    from annexa.pure.registers.assets import ASSETS
    from annexa.records.registers import TABLES

    chance, now, table = random.Random(SEED), datetime.now(UTC), TABLES["asset"]
    made = []
    for number in range(many):
        row = table(slug=f"made-up-{number}", created_at=now, changed_at=now)
        values = {"name": f"Asset {number:05}", "purpose": "word " * chance.randrange(40), "reference": f"R-{number}"}
        row.take(ASSETS.make(values))
        made.append(row)
    with door(actor=ANNEXA, verb="import_register", now=now, because="Made up") as opened:
        opened.write_many(made, kind="asset", subject=lambda one: f"asset/{one.slug}")
    changed = [table.objects.get(slug=one.slug) for one in made[::10]]
    now = datetime.now(UTC)
    for row in changed:
        row.take(ASSETS.replaced(row.entry, {"purpose": "Another one"}))
        row.changed_at = now
    with door(actor=ANNEXA, verb="change_register", now=now, because="Looked again") as opened:
        fields = ["purpose", "words", "changed_at"]
        opened.write_many(changed, kind="asset", subject=lambda one: f"asset/{one.slug}", fields=fields)
    publish()


def _rebuilt(home: Path) -> dict[str, Any]:
    """Replays it in a program of its own, once."""
    target = home / f"rebuilt-{time.monotonic_ns()}"
    env = {**os.environ, "ANNEXA_HOME": str(target)}
    done = subprocess.run(
        [sys.executable, "-c", REBUILD, str(home)], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
