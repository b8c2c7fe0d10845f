"""Backup and restore: how fast, and how much memory they take.

python bench/backup.py [--json] [--entries 100000] [--mib 500]
"""

import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from installation import installation, options, report

PASSPHRASE = "a passphrase for benchmarks"  # noqa: S105  protects nothing
RESTORE = """
import resource, sys, time
import django
django.setup()
from pathlib import Path
from datetime import UTC, datetime
from annexa.actions.backups import restore
from annexa.pure.permits import ANNEXA
started = time.perf_counter()
done = restore(actor=ANNEXA, file=Path(sys.argv[1]), passphrase=sys.argv[2] or None, now=datetime.now(UTC),
               say=lambda _what: lambda _done, _total: None)
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, done.position)
"""


def main() -> None:
    """Fills a home with entries and evidence that does not compress, backs it up and restores it."""
    args = options(__doc__ or "", entries=100_000, mib=500)
    with installation() as home:
        from annexa.actions.backups import back_up
        from annexa.actions.door import door
        from annexa.actions.sequencer import publish
        from annexa.answers.backup import examine_backup
        from annexa.answers.store import blobs
        from annexa.pure.permits import ANNEXA

        def quiet(_what: str):
            return lambda _done, _total: None

        with door(actor=ANNEXA, verb="change_system", now=datetime.now(UTC)) as opened:
            for number in range(args.entries):
                opened.note({"number": number, "text": "word " * 80}, kind="note", subject="note/1")
        publish()
        for _ in range(args.mib):
            blobs().put(os.urandom(1 << 20), limit_bytes=1 << 21, synced=False)

        def backup(name: str, passphrase: str | None) -> tuple[float, Path]:
            file, started = home / name, time.perf_counter()
            back_up(
                actor=ANNEXA, file=file, passphrase=passphrase, with_keys=True, now=datetime.now(UTC), say=quiet
            )  # fmt: skip
            return time.perf_counter() - started, file

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        plain, file = backup("plain", None)
        sealed, sealed_file = backup("sealed", PASSPHRASE)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - before
        started = time.perf_counter()
        examine_backup(file, None, say=quiet)
        checked = time.perf_counter() - started
        env = {**os.environ, "ANNEXA_HOME": str(home / "restored")}
        done = subprocess.run(
            [sys.executable, "-c", RESTORE, str(sealed_file), PASSPHRASE], env=env, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        restored, peak, position = done.stdout.split()
        size = file.stat().st_size / 1024**2
        report(
            {
                "entries": args.entries,
                "file_mib": round(size),
                "backup_s": round(plain, 1),
                "backup_mib_per_s": round(size / plain),
                "backup_encrypted_s": round(sealed, 1),
                "backup_grows_memory_by_mib": grown,
                "check_s": round(checked, 1),
                "restore_and_verify_s": round(float(restored), 1),
                "restore_peak_rss_mib": int(peak),
                "restored_entries": int(position),
            },
            as_json=args.json,
        )


if __name__ == "__main__":
    main()
