"""How long `annexa serve` takes until it answers, on an empty home and later, and how much memory it uses.

python bench/startup.py [--json] [--runs 3]

`processor` counts only what these processes did until then, whatever else the machine was busy with.
"""

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from installation import options, report

PORT = 8741


def main() -> None:
    """Starts the server several times on an empty home, and each time once more."""
    args = options(__doc__ or "", runs=3)
    first, later, memory, spent = [], [], [], []
    for _ in range(args.runs):
        home = Path(tempfile.mkdtemp(prefix="annexa-bench-"))
        first.append(_start(home, memory, spent))
        later.append(_start(home, memory, spent))
        shutil.rmtree(home)
    report(
        {
            "empty_home_ready_s": round(statistics.median(first), 2),
            "later_ready_s": round(statistics.median(later), 2),
            "empty_home_processor_s": round(statistics.median(spent[::2]), 2),
            "later_processor_s": round(statistics.median(spent[1::2]), 2),
            "memory_mib": round(max(memory)),
        },
        as_json=args.json,
    )


def _start(home: Path, memory: list[float], spent: list[float]) -> float:
    """Seconds until /readyz answers; notes the memory of all its processes after the sign-in page was shown."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ANNEXA_")} | {"ANNEXA_HOME": str(home)}
    command = [str(Path(sys.executable).with_name("annexa")), "serve", "--port", str(PORT)]
    started = time.perf_counter()
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        while not _answers("/readyz"):
            if server.poll() is not None or time.perf_counter() - started > 60:
                sys.exit("The server did not start.")
            time.sleep(0.02)
        took = time.perf_counter() - started
        spent.append(_processor(server.pid))
        for _ in range(20):
            _answers("/sign-in")
        memory.append(_memory(server.pid))
        return took
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _answers(path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _processor(leader: int) -> float:
    """Processor seconds of every process of the session so far."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == leader:
                fields = (folder / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return total / os.sysconf("SC_CLK_TCK")


def _memory(leader: int) -> float:
    """Proportional memory in MiB of every process of the session: shared pages are counted once."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == leader:
                rows = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()
                total += next(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total / 1024


if __name__ == "__main__":
    main()
