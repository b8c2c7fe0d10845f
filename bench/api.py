"""List endpoints of the HTTP API over many AI systems, under a real server: how many a second, and how fast.

python bench/api.py [--json] [--systems 10000] [--seconds 10] [--connections 8] [--database sqlite|postgresql]

The load comes from wrk (apt-get install wrk); where there is none, from threads of Python, and the figure "tool" says
so. Every address is asked before, so that it is warm; how long that first answer took is a figure of its own.
"""

import http.client
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from installation import report
from load import SEED, House, arguments, house

LISTS = {
    "systems": "systems?limit=50",
    "systems_narrowed": "systems?limit=50&unit=Unit%203&q=system",
    "systems_by_change": "systems?limit=50&sort=changed",
    "evidence": "evidence?limit=50",
    "controls": "controls?limit=50",
    "judgements": "judgements?limit=50",
    "frameworks": "frameworks",
    "obligations": "obligations?limit=50",
    "ledger_entries": "ledger/entries?limit=50",
    "people": "people",
    "portfolio": "portfolio",
    "posture": "posture?framework=iso42001-2023",
    "path": "path?limit=20",
    "requirements": "frameworks/eu-ai-act/requirements?limit=50",
    "gaps": "gaps?limit=50",
    "webhooks": "webhooks",
    "search": "search?q=system",
}
"""Name of the figure, and the address below /api/v1/."""
SCRIPT = """
done = function(summary, latency, requests)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.stderr:write(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p95": %f, "p99": %f, "wrong": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    latency:percentile(99) / 1000, wrong))
end
"""


def main() -> int:
    """Asks each list for a while. 1 if an answer was anything but what was asked for."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--seconds", type=float, default=10, help="for each list; default 10")
    parser.add_argument("--connections", type=int, default=8, help="default 8")
    parser.add_argument("--webs", type=int, default=1, help="server processes on PostgreSQL; default 1")
    parser.set_defaults(systems=10_000, database="sqlite")
    args = parser.parse_args()
    tool = shutil.which("wrk")
    figures: dict[str, float | int | str] = {
        "tool": "wrk" if tool else "threads of Python: wrk is not installed", "database": args.database,
        "systems": args.systems, "connections": args.connections, "seed": SEED,
    }  # fmt: skip
    wrong = 0
    with house(args.database, editors=1, systems=args.systems, webs=args.webs, limit=10_000_000) as at:
        for name, where in LISTS.items():
            status, size, warm = _once(at, where)
            if status != 200:
                print(f"{where}: {status}", file=sys.stderr)
                wrong += 1
                continue
            found = (_wrk if tool else _threads)(at, where, args.seconds, args.connections)
            wrong += int(found["wrong"])
            figures |= {
                f"{name}_first_ms": warm, f"{name}_per_s": round(found["requests"] / found["seconds"], 1),
                f"{name}_p50_ms": round(found["p50"], 1), f"{name}_p95_ms": round(found["p95"], 1),
                f"{name}_p99_ms": round(found["p99"], 1), f"{name}_kib": round(size / 1024, 1),
            }  # fmt: skip
    report(figures | {"wrong": wrong}, as_json=args.json)
    return 1 if wrong else 0


def _once(at: House, where: str) -> tuple[int, int, float]:
    """Status, bytes and milliseconds of the first answer; the second one makes sure that it is warm."""
    began = time.perf_counter()
    status, size = _ask(_connect(at), at, where)
    took = (time.perf_counter() - began) * 1000
    _ask(_connect(at), at, where)
    return status, size, round(took, 1)


def _connect(at: House) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", at.webs[0].port, timeout=120)


def _ask(connection: http.client.HTTPConnection, at: House, where: str) -> tuple[int, int]:
    connection.request("GET", f"/api/v1/{where}", headers={"Authorization": f"Bearer {at.admin}"})
    answer = connection.getresponse()
    return answer.status, len(answer.read())


def _wrk(at: House, where: str, seconds: float, connections: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "figures.lua"
        script.write_text(SCRIPT)
        command = [
            "wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{max(1, round(seconds))}s",
            "--timeout", "60s", "--script", str(script), "--header", f"Authorization: Bearer {at.admin}",
            f"http://127.0.0.1:{at.webs[0].port}/api/v1/{where}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 180)
    told = re.search(r"\{.*\}", done.stderr)
    if told is None:
        sys.exit(f"wrk said: {done.stdout}{done.stderr}")
    found: dict[str, float] = json.loads(told.group())
    return found


def _threads(at: House, where: str, seconds: float, connections: int) -> dict[str, float]:
    """The same without wrk: slower clients, so figures are a little worse than those of the server."""
    took: list[float] = []
    wrong: list[int] = []
    ends = time.monotonic() + seconds

    def ask() -> None:
        connection = _connect(at)
        while time.monotonic() < ends:
            began = time.perf_counter()
            status, _ = _ask(connection, at, where)
            took.append((time.perf_counter() - began) * 1000)
            if status != 200:
                wrong.append(status)

    threads = [threading.Thread(target=ask) for _ in range(connections)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return {"requests": len(took), "seconds": seconds, "p50": cuts[49], "p95": cuts[94], "p99": cuts[98],
            "wrong": len(wrong)}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
