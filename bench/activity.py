"""The activity log at size: drift of 20 columns over 30 days, a search in text, one conversation, full verification.

python bench/activity.py [--json] [--events 5000000] [--keep FOLDER] [--spark [--days 30] [--only MONITOR]]

Makes a home of its own with so many events of one system, spread over 30 days: predictions with 20 numeric features, a
text of some 80 characters and a conversation each; a seed is recorded. They go through a journal and the sealer, as
what arrives does, in two processes. Seconds are those of the clock, the first look at the files included; memory is the
highest of this process, in MiB: where the log is kept, a second run tells that of asking alone.

--spark asks the same of a Spark Connect server, started here on loopback with two cores: it needs the folder that `make
spark` makes, and its Python: PYTHONPATH=src .venv-spark/bin/python bench/activity.py --spark. Seconds of both engines
stand side by side, and whether every count in every bin is the same. --only: of its monitors this one, and nothing else
is asked; what took how long is said as it ends.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from installation import report

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.spark_server import missing, spark_server  # noqa: E402

SEED = 20261202
BATCH = 50_000
FEATURES = 20
DAYS = 30
DRIFT = ("input-drift", "input-missing", "prediction-drift")
"""The monitors that --spark compares."""
SEALED_AT_ONCE = 256 * 1024 * 1024
"""Bytes of journals that become segments in one round: half a million events, so that hours are in few files."""
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
WORDS = ("loan", "income", "address", "refused", "granted", "review", "customer", "Bronx", "Queens", "late", "early")


def main() -> int:
    """Makes the log, asks it, verifies it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--keep", metavar="FOLDER", help="make the home there, or use the one that is there")
    parser.add_argument("--spark", action="store_true", help="drift on a Spark Connect server as well")
    parser.add_argument("--days", type=int, default=DAYS, help="of which days, the latest ones, --spark asks")
    parser.add_argument("--only", choices=DRIFT, help="of the monitors of --spark this one, and nothing else")
    args = parser.parse_args()
    if args.only and not args.spark:
        parser.error("--only says what --spark compares.")
    if args.spark and (why := missing()):
        parser.error(why)
    with tempfile.TemporaryDirectory(prefix="annexa-activity-") as folder:
        home = Path(args.keep or folder) / "home"
        made = (home / "made").exists()
        os.environ |= {"ANNEXA_HOME": str(home), "DJANGO_SETTINGS_MODULE": "annexa.settings"}
        import django

        django.setup()
        took = {} if made else _make(home, args.events)
        found = took if args.only else {**took, **_ask(args.events)}
        if args.spark:
            names = (args.only,) if args.only else DRIFT
            found |= _on_both(Path(folder), timedelta(days=args.days), names)
        report({**found, "load": round(os.getloadavg()[0], 1)}, as_json=args.json)
    return 0


def _make(home: Path, events: int) -> dict[str, Any]:
    """Has events arrive in a process of its own while this one seals them."""
    from django.core.management import call_command

    from annexa.actions.sealing import begin_sealing, seal
    from annexa.settings import make_home

    make_home()
    call_command("migrate", interactive=False, verbosity=0)
    started = time.perf_counter()
    sender = get_context("spawn").Process(target=_arrive, args=(events,))
    sender.start()
    sealer, done = begin_sealing(now=UNTIL), 0
    while done < events:
        coming = sender.is_alive()
        took = seal(sealer=sealer, now=UNTIL, most_bytes=SEALED_AT_ONCE) if sealer.waiting() > 0 else None
        done += took.records if took else 0
        if not took or not took.records:
            if not coming and not sealer.waiting():
                raise SystemExit(f"{done:,} of {events:,} events were sealed, and nobody sends any more.")
            time.sleep(0.2)
        print(f"{done:,} of {events:,}", file=sys.stderr)
    sender.join()
    (home / "made").touch()
    size = sum(one.stat().st_size for one in (home / "store" / "activity").rglob("*.parquet"))
    return {"made_s": round(time.perf_counter() - started, 1), "bytes_per_event": round(size / events, 1)}


def _arrive(events: int) -> None:
    """Writes journals, as intake does; waits while much waits to be sealed."""
    import django

    django.setup()
    from annexa.activity.journal import Journal, waiting_bytes
    from annexa.answers.activity_store import journal_folder

    chance = np.random.default_rng(SEED)
    span = timedelta(days=DAYS) / (events / BATCH)
    log = Journal(folder=journal_folder(), backlog_bytes=1 << 40, spare_bytes=0)
    for number, done in enumerate(range(0, events, BATCH)):
        while waiting_bytes(journal_folder()) > 4 * SEALED_AT_ONCE:
            time.sleep(0.2)
        size = min(BATCH, events - done)
        log.append(_batch(chance, UNTIL - timedelta(days=DAYS) + span * number, span, size, done))
    log.close()


def _batch(chance: np.random.Generator, since: datetime, span: timedelta, size: int, first: int) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    from annexa.activity.columns import ARROW, numbers, sealed
    from annexa.pure.events import FEATURE_PREFIX

    start = int((since - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    at = numbers(np.sort(start + chance.integers(0, span // timedelta(microseconds=1), size))).cast(ARROW["instant"])
    words = chance.integers(0, len(WORDS), (size, 12))
    same = {
        "system": "bench",
        "source": "bench",
        "kind": "inference",
        "kept": "full",
        "outcome": "ok",
        "model": "scoring",
    }
    columns = {name: pa.repeat(pa.scalar(value), size) for name, value in same.items()}
    columns |= {
        "at": at,
        "received_at": at,
        "record_id": _named("r-", first + np.arange(size)),
        "conversation": _named("talk-", (first + np.arange(size)) // 4),
        "input": pc.binary_join_element_wise(*(pa.array(WORDS).take(pa.array(column)) for column in words.T), " "),
        "prediction": pa.array(["no", "yes"]).take(numbers((chance.random(size) < 0.3).astype(np.int64))),
        "score": numbers(chance.random(size)),
    }
    for number in range(FEATURES):
        columns[f"{FEATURE_PREFIX}x{number:02d}"] = numbers(chance.normal(number, 1 + number / 10, size))
    return sealed(columns, size)


def _named(before: str, which: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(pa.scalar(before), pa.array(which).cast(pa.string()), "")


def _ask(events: int) -> dict[str, Any]:
    from annexa.activity import monitoring
    from annexa.activity.query import Asked
    from annexa.answers.activity import looking_at
    from annexa.answers.activity_integrity import check_activity
    from annexa.answers.monitors import log_window
    from annexa.library.monitors import monitors
    from annexa.pure.monitors import FEATURES as ALL

    found: dict[str, Any] = {"events": events}
    since = UNTIL - timedelta(days=DAYS)
    monitor = monitors()["input-drift"]
    started = time.perf_counter()
    with log_window("bench", since=since, until=since + timedelta(days=2), texts=()) as log:
        baseline = monitoring.freeze(log.events, (ALL,), system="bench", since=since, until=since + timedelta(days=2))
    found["freeze_2_days_s"] = round(time.perf_counter() - started, 2)
    wide = replace(monitor, window=timedelta(days=DAYS))
    started = time.perf_counter()
    with log_window("bench", since=since, until=UNTIL, texts=()) as log:
        reading = monitoring.run(wide, log.events, until=UNTIL, known=monitoring.Known(baseline=baseline))
    found["drift_20_columns_30_days_s"] = round(time.perf_counter() - started, 2)
    found["drift_columns"], found["drift_events"] = len(reading.values), reading.values[0].n
    for name, asked in (
        ("text_search", Asked(systems=("bench",), text="refused granted review")),
        ("text_nobody_said", Asked(systems=("bench",), text="nothing of the kind")),
        ("conversation", Asked(systems=("bench",), conversation=f"talk-{events // 8}")),
    ):
        started = time.perf_counter()
        with looking_at(asked) as query:
            rows = query.page(asked, content=True)
        found[f"{name}_s"], found[f"{name}_rows"] = round(time.perf_counter() - started, 2), len(rows)
    started = time.perf_counter()
    checks = check_activity(progress=lambda *_: None)
    found["verification_s"], found["verifies"] = (
        round(time.perf_counter() - started, 1),
        all(one.holds for one in checks),
    )
    found["peak_rss_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def _on_both(folder: Path, window: timedelta, names: Sequence[str]) -> dict[str, Any]:
    """The drift monitors over the latest days on DuckDB and on Spark: seconds each, and whether they say the same."""
    from django.conf import settings

    from annexa.activity import monitoring
    from annexa.activity.engines import read_engine
    from annexa.answers.monitors import log_window

    since = UNTIL - window
    first = {"since": since, "until": since + timedelta(days=2)}
    with log_window("bench", texts=(), **first) as log:
        baseline = monitoring.freeze(log.events, ("f_*", "prediction"), system="bench", **first)
    here = _drift(baseline, window, names)
    server = folder / "spark"
    server.mkdir()
    with spark_server(server, memory="3g") as one:
        settings.ENGINE = read_engine(one.url)
        there = _drift(baseline, window, names)
        settings.ENGINE = None
    found: dict[str, Any] = {}
    for name, (seconds, _) in here.items():
        found[f"{name}_duckdb_s"], found[f"{name}_spark_s"] = round(seconds, 2), round(there[name][0], 2)
    found["counts_are_equal"] = here["counts"][1] == there["counts"][1]
    found["counts_compared"] = sum(2 + len(one.counts) for one in here["counts"][1].values())
    values = [
        (one.n == other.n, abs((one.value or 0.0) - (other.value or 0.0)))
        for name in names
        for one, other in zip(here[name][1].values, there[name][1].values, strict=True)
    ]
    found["readings_are_equal"] = all(same for same, _ in values)
    found["largest_difference"] = max(by for _, by in values)
    return found


def _drift(baseline: Any, window: timedelta, names: Sequence[str]) -> dict[str, tuple[float, Any]]:
    """Seconds and reading of each monitor, and of the plain counts into bins; to open the log counts by itself."""
    from annexa.activity import frames, monitoring
    from annexa.answers.monitors import log_window
    from annexa.library.monitors import monitors

    since, found = UNTIL - window, {}
    started = time.perf_counter()
    with log_window("bench", since=since, until=UNTIL, texts=()) as log:
        found["open"] = time.perf_counter() - started, None
        for name in names:
            wide = replace(monitors()[name], window=window)
            started = time.perf_counter()
            reading = monitoring.run(wide, log.events, until=UNTIL, known=monitoring.Known(baseline=baseline))
            found[name] = time.perf_counter() - started, reading
            print(f"{name}: {found[name][0]:.1f} s", file=sys.stderr)
        started = time.perf_counter()
        counts = frames.counted(frames.between(frames.events(log.events), since, UNTIL), baseline.columns)
        found["counts"] = time.perf_counter() - started, counts
        print(f"counts: {found['counts'][0]:.1f} s", file=sys.stderr)
    return found


if __name__ == "__main__":
    sys.exit(main())
