"""The activity log's intake: spans acknowledged and on the disk, how soon they can be found, and at what cost.

python bench/intake.py [--json] [--spans 512000] [--batch 512] [--conns 4] [--pace 0] [--kept full] [--kills 0]

Starts a server of its own (annexa serve, SQLite) with a sealer beside it, and sends OTLP/HTTP in protobuf over so many
connections: GenAI spans with some 1,500 characters of prompt and answer, every id once, all made before the clock
starts. `--pace`: spans a second to send at most, 0 as fast as they are taken. A span counts as queryable once the log
that pages search shows it. CPU is that of the server and the sealer until all is sealed and put together; busy: how
many processors each had while spans arrived, the sender too; memory the highest of each, in MiB.

`--kills N`: kills the server's processes N times with SIGKILL while spans arrive, starts it again each time, and sends
again what was not acknowledged; then every acknowledged span has to be in the log once, and the log has to verify. 1 if
not.
"""

import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from installation import report
from spans import SEED, Batches

ROOT = Path(__file__).parents[1]
PORT = 8790
SETUP = """
import django; django.setup()
from django.utils import timezone
from annexa.actions.activity_sources import choose_activity, open_source
from annexa.actions.organisation import set_up_organisation
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.pure.activity_sources import Choice
from annexa.pure.events import Kept
from annexa.pure.systems import SystemFacts
import sys
now = timezone.now()
_, person = set_up_organisation(
    name="Bench", admin_email="a@example.org", admin_name="Ada", password="correct horse battery staple", now=now
)
by = {"actor": actor_of(person), "person": person, "now": now, "because": "Measured"}
add_system(actor=actor_of(person), facts=SystemFacts(name="Bench"), now=now)
choose_activity(system="bench", choice=Choice(kept=Kept(sys.argv[1])), **by)
print(open_source(slug="gate", name="Gate", system="bench", **by)[1])
"""
FOUND = """
import django; django.setup()
import sys, time
from annexa.activity.query import Asked
from annexa.answers.activity import looking_at
asked = Asked(systems=("bench",))
with looking_at(asked) as query:
    query.count(asked)
print("ready", flush=True)
wanted, seconds = map(float, sys.stdin.readline().split())
deadline = time.monotonic() + seconds
while True:
    with looking_at(asked) as query:
        found = query.count(asked)
    if found >= wanted or time.monotonic() > deadline:
        break
    time.sleep(0.1)
print(found, flush=True)
"""


@dataclass(kw_only=True)
class Server:
    """A server with its home; started again after a kill."""

    home: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def env(self) -> dict[str, str]:
        """What its processes are told."""
        return os.environ | {
            "ANNEXA_HOME": str(self.home), "DJANGO_SETTINGS_MODULE": "annexa.settings",
            "ANNEXA_ACTIVITY_SPARE_MB": "64",
        }  # fmt: skip

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "annexa.cli.main", "serve", "--port", str(PORT)], env=self.env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        for _ in range(600):
            with suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.1)
        raise SystemExit("The server did not come up.")

    def run(self, script: str, *args: str) -> str:
        """Runs a few lines in its installation."""
        done = subprocess.run(
            [sys.executable, "-c", script, *args], env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return (done.stdout.strip().splitlines() or [""])[-1]

    def begun(self, script: str) -> subprocess.Popen[str]:
        """Begins a few lines in its installation; returns once they are ready to be asked."""
        made = subprocess.Popen(
            [sys.executable, "-c", script], env=self.env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if made.stdout is None or not made.stdout.readline():
            raise SystemExit("What looks into the log did not come up.")
        return made

    def processes(self) -> dict[int, str]:
        """Every process of it, and whether it seals."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"ANNEXA_HOME={self.home}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    words = (folder / "cmdline").read_bytes()
                    found[int(folder.name)] = "sealer" if b"seal" in words else "server"
        return found

    def used(self) -> tuple[dict[str, float], dict[str, float]]:
        """CPU seconds so far, and the highest memory in MiB, of server and sealer."""
        cpu, memory = {"server": 0.0, "sealer": 0.0}, {"server": 0.0, "sealer": 0.0}
        for pid, kind in self.processes().items():
            with suppress(OSError):
                fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
                cpu[kind] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                status = (Path("/proc") / str(pid) / "status").read_text()
                peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
                memory[kind] = max(memory[kind], peak)
        return cpu, memory

    def kill(self) -> None:
        """Ends every process of it at once, as a power cut would."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def stop(self) -> None:
        """Ends it in order."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


@dataclass(kw_only=True)
class Sent:
    """What senders noted: which batches were acknowledged, how long answers took, what else was answered."""

    acknowledged: set[int] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


def send(
    bodies: Sequence[bytes] | Batches, todo: list[int], headers: Mapping[str, str], sent: Sent, *,
    gap: float, stop: threading.Event, port: int = PORT,
) -> None:  # fmt: skip
    """One connection: takes the next batch until none is left; sends again what was not acknowledged."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=240)
    due = time.monotonic()
    while not stop.is_set():
        with sent.lock:
            if not todo:
                return
            number = todo.pop()
        due += gap
        time.sleep(max(0.0, due - time.monotonic()) if gap else 0.0)
        while not stop.is_set():
            started = time.perf_counter()
            try:
                connection.request("POST", "/v1/traces", bodies[number], headers)
                answer = connection.getresponse()
                answer.read()
                code = str(answer.status)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                code = type(error).__name__
            with sent.lock:
                sent.codes[code] += 1
                if code == "200":
                    sent.acknowledged.add(number)
                    sent.seconds.append(time.perf_counter() - started)
                    break
            time.sleep(0.2)


def main() -> int:
    """Measures, or kills."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--spans", type=int, default=204_800)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--conns", type=int, default=4)
    parser.add_argument("--pace", type=float, default=0)
    parser.add_argument("--kept", choices=["full", "redacted", "digest"], default="full")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    made = Batches(args.spans // args.batch, args.batch, seed=args.seed)
    bodies = made if args.kills else [made[number] for number in range(len(made))]
    with tempfile.TemporaryDirectory(prefix="annexa-intake-") as folder:
        server = Server(home=Path(folder) / "home")
        server.start()
        try:
            token = server.run(SETUP, args.kept)
            headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {token}"}
            found = (killed if args.kills else measured)(server, bodies, headers, args)
        finally:
            server.kill()
    report(found, as_json=args.json)
    return 0 if found.get("lost", 0) == 0 and found.get("verifies", True) else 1


def measured(
    server: Server, bodies: Sequence[bytes] | Batches, headers: Mapping[str, str], args: argparse.Namespace
) -> dict[str, Any]:
    """How fast, how soon to be found, how much of everything."""
    sent, todo, stop = Sent(), list(range(len(bodies))), threading.Event()
    todo.reverse()
    warm = Sent()
    send(bodies, [0], headers, warm, gap=0, stop=stop)
    todo.pop()
    gap = args.conns * args.batch / args.pace if args.pace else 0.0
    threads = [
        threading.Thread(target=send, args=(bodies, todo, headers, sent), kwargs={"gap": gap, "stop": stop})
        for _ in range(args.conns)
    ]
    looking = server.begun(FOUND)
    before, _ = server.used()
    own = time.process_time()
    began = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    took = time.perf_counter() - began
    own = time.process_time() - own
    spans = len(sent.acknowledged) * args.batch
    meanwhile, _ = server.used()
    queryable = int(looking.communicate(f"{args.spans} 120\n")[0].split()[-1])
    all_found = time.perf_counter() - began
    _settled(server)
    cpu, memory = server.used()
    sent.seconds.sort()
    size = sum(one.stat().st_size for one in (server.home / "store" / "activity").rglob("*") if one.is_file())
    return {
        "durable_spans_per_s": round(spans / took),
        "queryable_spans_per_s": round((queryable - args.batch) / all_found),
        "found_after_last_answer_s": round(all_found - took, 2), "spans": spans, "found": queryable,
        "lost": spans + args.batch - queryable, "p50_ms": round(1000 * sent.seconds[len(sent.seconds) // 2], 1),
        "p95_ms": round(1000 * sent.seconds[len(sent.seconds) * 95 // 100], 1), "answers": dict(sent.codes),
        "cpu_us_per_span": round(1e6 * (sum(cpu.values()) - sum(before.values())) / spans, 1),
        **{f"{kind}_cpu_us_per_span": round(1e6 * (cpu[kind] - before[kind]) / spans, 1) for kind in cpu},
        **{f"{kind}_busy": round((meanwhile[kind] - before[kind]) / took, 2) for kind in cpu},
        "sender_busy": round(own / took, 2), "peak_rss_mib": round(max(memory.values())),
        "server_rss_mib": round(memory["server"]), "sealer_rss_mib": round(memory["sealer"]),
        "bytes_per_span": round(size / (spans + args.batch)), "wire_bytes_per_span": len(bodies[0]) // args.batch,
        "kept": args.kept, "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def _settled(server: Server) -> None:
    """Waits until everything is sealed: what waits is at most twenty seconds old then."""
    time.sleep(25)
    for _ in range(60):
        if sum(one.stat().st_size for one in (server.home / "activity" / "journal").glob("[0-9]*.journal")) < 1 << 27:
            return
        time.sleep(1)


def killed(
    server: Server, bodies: Sequence[bytes] | Batches, headers: Mapping[str, str], args: argparse.Namespace
) -> dict[str, Any]:
    """Kills while spans arrive; then compares what was acknowledged with what is there."""
    sent, todo, stop, chance = Sent(), list(range(len(bodies)))[::-1], threading.Event(), random.Random(args.seed)
    gap = args.conns * args.batch / args.pace if args.pace else 0.0
    threads = [
        threading.Thread(target=send, args=(bodies, todo, headers, sent), kwargs={"gap": gap, "stop": stop})
        for _ in range(args.conns)
    ]
    for one in threads:
        one.start()
    kills = 0
    while kills < args.kills and todo:
        time.sleep(chance.uniform(0.05, 1.5))
        server.kill()
        kills += 1
        server.start()
    stop.set()
    for one in threads:
        one.join(90)
    server.stop()
    server.run("import django; django.setup(); from annexa.cli.main import main; main(['logs', 'seal', '--once'])")
    rows = json.loads(server.run(COUNTED))
    wanted = {number * args.batch + place + 1 for number in sent.acknowledged for place in range(args.batch)}
    there = {int(key): count for key, count in rows.items()}
    verified = subprocess.run(
        [sys.executable, "-m", "annexa.cli.main", "logs", "verify"], env=server.env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return {
        "kills": kills, "acknowledged": len(wanted), "lost": sum(one not in there for one in wanted),
        "twice": sum(count > 1 for count in there.values()), "answers": dict(sent.codes),
        "verifies": verified.returncode == 0, "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


COUNTED = """
import django; django.setup()
import json
from collections import Counter
from annexa.answers.activity_store import objects
from annexa.answers.segments import located
from annexa.activity.segments import read_table
from annexa.records.activity import Segment
found = Counter()
for place in located(list(Segment.objects.order_by("recorded_at", "id"))):
    table = read_table(objects().get(place.path)).slice(place.first_row, place.records)
    found.update(int.from_bytes(one, "big") for one in table.column("span_id").to_pylist())
print(json.dumps(found))
"""


if __name__ == "__main__":
    sys.exit(main())
