"""Annexa's intake beside Arize Phoenix and MLflow Tracing: the same spans on this machine, one after the other.

python bench/beside.py [--json] [--spans 5120] [--more 102400] [--killed 2560] [--batch 512] [--conns 4]
                       [--only annexa phoenix mlflow] [--peers FOLDER] [--load PROGRAM]

Each product starts in a home of its own, with SQLite and one server process, and takes OTLP/HTTP in protobuf. The spans
are those of `--load`, a program that writes requests of OpenTelemetry's SDK (--spans, --batch, --dump FOLDER), else
spans.py's; they are made before the clock starts. Annexa also takes `--more` of them, in another home.

- accepted: spans a second up to the last answer; queryable: up to the moment in which the product shows all of them
  itself: Annexa on the page of the system's activity, Phoenix in GraphQL, MLflow in its trace metrics
- processor: of all of a product's processes, until they rest; what they do besides counts too, and of few spans weighs
  much; memory: the highest sum of what they hold (RSS; pages that two share count twice)
- disk: what the home grew by, after everything ended in order; Annexa has sealed what waited
- kept after SIGKILL: of `--killed` spans, all acknowledged, those that are there after a start of the product whose
  processes were all killed right after the last answer

Phoenix and MLflow are installed into virtual environments of their own below `--peers`, once; where that cannot be done
the bench says so and goes on. None of this is needed by Annexa.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from intake import SETUP, Sent, send
from peers import Annexa, Mlflow, Phoenix, Product
from spans import Batches

ROOT = Path(__file__).parents[1]
LOAD = ROOT.parent / "shared" / "bench" / "otlp_load.py"
MARK = "BENCH_PRODUCT"
WARM = 16
"""Spans that are sent before the clock starts; they count as the product's afterwards."""
INSTALL_SECONDS = 900
FOUND_SECONDS = 240
"""For how long a product may take to show what it acknowledged."""
PRODUCTS: Mapping[str, type[Product]] = {"annexa": Annexa, "phoenix": Phoenix, "mlflow": Mlflow}
COLUMNS = (
    ("product", "product"), ("spans", "spans"), ("accepted_per_s", "accepted, spans/s"),
    ("queryable_per_s", "queryable, spans/s"), ("found_after_s", "queryable after the last answer, s"),
    ("cpu_us_per_span", "processor, µs a span"), ("peak_mib", "memory, MiB"), ("idle_mib", "at rest, MiB"),
    ("bytes_per_span", "disk, bytes a span"), ("kept_after_kill", "kept after SIGKILL"),
)  # fmt: skip


class BenchError(Exception):
    """A product cannot be measured; the sentence says why."""


@dataclass(kw_only=True)
class Running:
    """A product in a home, with its processes: started, watched, ended."""

    product: Product
    home: Path
    process: subprocess.Popen[bytes] | None = None
    peak: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Starts it and waits until it answers. Raises BenchError."""
        with socket.socket() as free:
            if not free.connect_ex(("127.0.0.1", self.product.port)):
                raise BenchError(f"Something else listens on port {self.product.port}; end it first.")
        with (self.home.parent / f"{self.product.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.product.command(self.home), env=self._env(), cwd=self.home, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        for _ in range(1_200):
            if self.process.poll() is not None:
                break
            with suppress(OSError, ValueError, KeyError):
                self.product.count()
                return
            time.sleep(0.1)
        raise BenchError(f"It does not answer: {self._last_words()}")

    def stop(self) -> None:
        """Ends it in order; what does not end is killed."""
        if self.process is not None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(40)
        self.kill()

    def kill(self) -> None:
        """Ends all its processes at once."""
        while pids := self.pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self.process is not None:
                self.process.wait()
            time.sleep(0.05)

    def pids(self) -> list[int]:
        """Its processes: those that carry its mark, whoever started them."""
        mark, found = f"{MARK}={self.home}".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found

    def cpu(self) -> float:
        """Processor seconds so far, with those of children that ended."""
        total = 0.0
        for pid in self.pids():
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        return total

    def memory(self) -> float:
        """What its processes hold now, in MiB."""
        total = 0
        for pid in self.pids():
            with suppress(OSError):
                total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return total / 2**20

    def watch(self) -> None:
        """Notes the highest memory until it is over."""
        while not self.over.wait(0.2):
            self.peak = max(self.peak, self.memory())

    def rest(self) -> None:
        """Waits until its processes rest."""
        time.sleep(self.product.rests_after)
        for _ in range(60):
            before = self.cpu()
            time.sleep(2)
            if self.cpu() - before < 0.2:
                return

    def size(self) -> int:
        """What lies in the home, in bytes."""
        return sum(one.stat().st_size for one in self.home.rglob("*") if one.is_file())

    def run(self, *command: str) -> str:
        """Runs a command in its installation; returns the last line. Raises BenchError."""
        done = subprocess.run(command, env=self._env(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(done.stderr.strip()[-300:])
        return (done.stdout.strip().splitlines() or [""])[-1]

    def _env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANNEXA_")}
        return kept | self.product.env(self.home) | {MARK: str(self.home)}

    def _last_words(self) -> str:
        log = self.home.parent / f"{self.product.name}.log"
        return " ".join(log.read_text(errors="replace").split())[-300:]


def main() -> int:
    """Measures every product, and prints a table."""
    args = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # so that what it started ends with it
    started, found = time.monotonic(), []
    for name in args.only:
        python, why = (Path(sys.executable), "") if name == "annexa" else installed(PRODUCTS[name], args.peers)
        if why:
            found.append({"product": PRODUCTS[name].title, "not_measured": why})
            continue
        for spans in (args.spans, *([args.more] if name == "annexa" and args.more else [])):
            killed = args.killed if spans == args.spans else 0
            _say(f"{PRODUCTS[name].title}: {spans:,} spans")
            found.append(_tried(PRODUCTS[name](python=python), spans, killed, args))
            _say(json.dumps(found[-1]))
    load = {"load_average": [round(one, 2) for one in os.getloadavg()], "cores": os.cpu_count() or 0}
    of = Path(args.load).name if args.load else "spans.py"
    about = {"spans_of": of, "batch": args.batch, "connections": args.conns, **load}
    about["seconds"] = round(time.monotonic() - started)
    print(json.dumps({"about": about, "products": found}) if args.json else _table(found, about))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--spans", type=int, default=5_120)
    parser.add_argument("--more", type=int, default=102_400)
    parser.add_argument("--killed", type=int, default=2_560)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--conns", type=int, default=4)
    parser.add_argument("--only", nargs="+", choices=list(PRODUCTS), default=list(PRODUCTS))
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "annexa-bench-peers")
    parser.add_argument("--load", default=str(LOAD) if LOAD.exists() else "")
    return parser.parse_args()


def installed(product: type[Product], folder: Path) -> tuple[Path, str]:
    """The Python that has a product, installed now if it was not; or why there is none."""
    home = folder / product.name
    python = home / "bin" / "python"
    if not (home / "whole").exists():
        _say(f"{product.title} is installed into {home}")
        try:
            venv.create(home, with_pip=True, clear=True)
            done = subprocess.run(
                [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", product.package],
                capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            return python, f"not installed: {error}"
        if done.returncode:
            return python, f"not installed: {(done.stderr.strip().splitlines() or ['pip failed'])[-1]}"
        (home / "whole").touch()
    return python, ""


def _tried(product: Product, spans: int, killed: int, args: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="annexa-beside-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        running = Running(product=product, home=home)
        try:
            bodies = _bodies(Path(folder), spans + killed, args)
            return {"product": _name(product)} | _measured(running, bodies, spans, args)
        except (BenchError, OSError) as error:
            return {"product": _name(product), "not_measured": str(error)}
        finally:
            running.over.set()
            running.kill()


def _measured(running: Running, bodies: Sequence[bytes], spans: int, args: argparse.Namespace) -> dict[str, Any]:
    """One product: set up, measured, ended, and killed once."""
    product = running.product
    running.start()
    product.prepare(lambda script: running.run(str(product.python), "-c", script, "full"), SETUP)
    sends = {"headers": product.headers, "port": product.port, "conns": args.conns}
    _send([Batches(1, WARM)[10**6]], **sends)
    _found(running, WARM, 60)
    running.rest()
    running.stop()
    product.tidy(running.run)
    empty = running.size()
    running.start()
    idle, before = running.memory(), running.cpu()
    watching = threading.Thread(target=running.watch)
    watching.start()
    began = time.monotonic()
    answers = _send(bodies[: spans // args.batch], **sends)
    accepted = time.monotonic()
    there = _found(running, spans + WARM, FOUND_SECONDS)
    queryable = time.monotonic()
    running.rest()
    cpu = running.cpu() - before
    running.over.set()
    watching.join()
    running.stop()
    product.tidy(running.run)
    figures = {
        "spans": spans, "accepted_per_s": round(spans / (accepted - began)),
        "queryable_per_s": round((there - WARM) / (queryable - began)),
        "found_after_s": round(queryable - accepted, 1), "found": there - WARM,
        "cpu_us_per_span": round(1e6 * cpu / spans), "peak_mib": round(running.peak), "idle_mib": round(idle),
        "bytes_per_span": round((running.size() - empty) / spans), "wire_bytes_per_span": len(bodies[0]) // args.batch,
        "answers": dict(answers),
    }  # fmt: skip
    if rest := bodies[spans // args.batch :]:
        figures["kept_after_kill"] = _kept_after_kill(running, rest, there, sends, args)
    return figures


def _kept_after_kill(
    running: Running, bodies: Sequence[bytes], there: int, sends: Mapping[str, Any], args: argparse.Namespace
) -> str:
    """Sends, kills right after the last answer, starts again, and counts until nothing more comes to light."""
    running.start()
    _send(bodies, **sends)
    running.kill()
    running.start()
    wanted = len(bodies) * args.batch
    found, since = running.product.count(), time.monotonic()
    while found < there + wanted and time.monotonic() - since < 8:
        time.sleep(1)
        if (now := running.product.count()) != found:
            found, since = now, time.monotonic()
    running.stop()
    return f"{found - there:,} of {wanted:,}"


def _send(bodies: Sequence[bytes], *, headers: Mapping[str, str], port: int, conns: int) -> Counter[str]:
    """Sends all, each until it is acknowledged; returns how often what was answered."""
    sent, todo, stop = Sent(), list(range(len(bodies)))[::-1], threading.Event()
    threads = [
        threading.Thread(target=send, args=(bodies, todo, headers, sent), kwargs={"gap": 0, "stop": stop, "port": port})
        for _ in range(conns)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sent.codes


def _found(running: Running, wanted: int, seconds: float) -> int:
    """Asks the product until it shows so many spans; returns how many it shows in the end."""
    end = time.monotonic() + seconds
    while (found := running.product.count()) < wanted and time.monotonic() < end:
        time.sleep(0.2)
    return found


def _bodies(folder: Path, spans: int, args: argparse.Namespace) -> Sequence[bytes]:
    """Requests, made before the clock starts. Raises BenchError."""
    if not args.load:
        made = Batches(spans // args.batch, args.batch)
        return [made[number] for number in range(len(made))]
    done = subprocess.run(
        [sys.executable, args.load, "--url", "http://127.0.0.1", "--spans", str(spans), "--batch", str(args.batch),
         "--dump", str(folder / "bodies")], capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BenchError(f"{args.load}: {done.stderr.strip()[-300:]}")
    return [one.read_bytes() for one in sorted((folder / "bodies").iterdir())]


def _name(product: Product) -> str:
    if isinstance(product, Annexa):
        return f"{product.title} {version('annexa')}"
    script = f"from importlib.metadata import version; print(version({product.package!r}))"
    done = subprocess.run([product.python, "-c", script], capture_output=True, text=True, check=False)
    return f"{product.title} {done.stdout.strip()}"


def _table(found: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> str:
    rows = [[title for _, title in COLUMNS], ["---" if n == 0 else "---:" for n in range(len(COLUMNS))]]
    rows += [
        [_cell(one.get(name, "")) for name, _ in COLUMNS]
        if "not_measured" not in one
        else [str(one["product"]), one["not_measured"].replace("|", "/"), *[""] * (len(COLUMNS) - 2)]
        for one in found
    ]
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in about.items())
    return "\n".join(["| " + " | ".join(row) + " |" for row in rows] + ["", said])


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
