"""Run by `test_spark_runs.py` with the Python of the folder that has Spark: real runs of monitors on both engines.

Prints JSON: what each run said on DuckDB and on Spark, what doctor said, and what came of servers that are not there.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.spark_server import SparkServer, spark_server


def main() -> None:
    """Lays out the log, runs everything on both engines, then kills the server."""
    folder = Path(sys.argv[1])
    home = folder / "a home [1]"  # letters that Spark takes for patterns, where nobody tells it not to
    os.environ |= {"ANNEXA_HOME": str(home), "DJANGO_SETTINGS_MODULE": "annexa.settings"}
    import django

    django.setup()
    from django.core.management import call_command

    from annexa.settings import make_home
    from tests.activity.spark_log import lay_out

    make_home()
    call_command("migrate", interactive=False, verbosity=0)
    lay_out()
    (folder / "spark").mkdir()
    found: dict[str, Any] = {}
    with spark_server(folder / "spark") as server:
        found |= {"duckdb": runs(), "spark": runs(server.url)}
        found["baselines"] = baselines(server.url)
        found["doctor"] = doctor(server.url)
        found["elsewhere"] = runs(server.url, "file:///nowhere", only=["overrides", "recall"])
        found["doctor_elsewhere"] = doctor(server.url, "file:///nowhere")
        found["late"] = late(server.url)
        found["killed"] = killed(server)
        started = time.monotonic()
        found["gone"] = runs(server.url, only=["errors", "latency"])
        found["gone_s"] = time.monotonic() - started
        found["doctor_gone"] = doctor(server.url)
    found["tokens"] = tokens(folder / "spark")
    found["duckdb_again"] = runs(only=["errors"])
    print(json.dumps(found))


def runs(url: str = "", store: str = "", only: list[str] | None = None) -> dict[str, Any]:
    """Every run as it stands in the ledger, by monitor, and how many pieces of evidence there are after it."""
    from django.conf import settings

    from annexa.actions.monitoring import run_monitors
    from annexa.activity.engines import read_engine
    from annexa.records.evidence import Evidence
    from tests.activity.spark_log import NOW

    settings.ENGINE = read_engine(url, store) if url else None
    started = time.monotonic()
    made = run_monitors(now=NOW, only=only, due=False)
    took = round(time.monotonic() - started, 1)
    return {"seconds": took, "evidence": Evidence.objects.count(), "runs": {one.monitor: one.state() for one in made}}


def baselines(url: str) -> list[str]:
    """The digests of a baseline of the same window, frozen by DuckDB and by Spark."""
    from django.conf import settings

    from annexa.activity.engines import read_engine
    from annexa.activity.monitoring import freeze
    from annexa.answers.monitors import log_window
    from tests.activity.spark_log import DAY, NOW, SYSTEM

    found = []
    since, until = NOW - 40 * DAY, NOW - 25 * DAY
    for engine in (None, read_engine(url)):
        settings.ENGINE = engine
        with log_window(SYSTEM, since=since, until=until) as log:
            found.append(freeze(log.events, ["f_*", "score"], system=SYSTEM, since=since, until=until).digest)
    return found


def doctor(url: str, store: str = "") -> list[str]:
    """What doctor says of the engine."""
    from django.conf import settings

    from annexa.activity.engines import read_engine
    from annexa.answers.activity_health import engine

    settings.ENGINE = read_engine(url, store)
    found = engine()
    return [found.state, found.detail]


def late(url: str) -> list[Any]:
    """What is said of work that does not end, and after how many seconds; the server goes on meanwhile."""
    from annexa.activity.engines import EngineError, read_engine
    from annexa.activity.spark import session_of, telling

    engine, started = read_engine(url), time.monotonic()
    try:
        with session_of(engine, longest=3) as session, telling(engine):
            session.sql("SELECT sum(a.id * b.id) FROM range(10000000) a CROSS JOIN range(10000000) b").collect()
    except EngineError as error:
        return [type(error).__name__, str(error), time.monotonic() - started]
    return []


def tokens(folder: Path) -> list[str]:
    """What a server that asks for a token says to who has none, a wrong one, and the right one."""
    with spark_server(folder, token="right") as server:
        host = server.url.replace("127.0.0.1", "localhost")  # a token goes over TLS to any other host
        return [doctor(url)[1] for url in (server.url, f"{host}/;token=wrong", f"{host}/;token=right")]


def killed(server: SparkServer) -> dict[str, Any]:
    """A run during which the server is killed."""
    threading.Timer(12, server.process.kill).start()
    return runs(server.url)


if __name__ == "__main__":
    main()
