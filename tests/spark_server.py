"""A Spark Connect server on this machine, from the folder that `make spark` made, for tests and benchmarks."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get("ANNEXA_TEST_SPARK", ROOT / ".venv-spark"))
PYTHON = FOLDER / "bin" / "python"
CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
CLOCK = "Asia/Kolkata"
"""Half an hour off, and not the zone of anything here."""
UP_WITHIN_SECONDS = 180


@dataclass(kw_only=True)
class SparkServer:
    """A server that runs. `url`: what ANNEXA_ENGINE_URL is to be."""

    url: str
    process: subprocess.Popen[bytes]


def missing() -> str:
    """Why there can be no server here; "" if there can."""
    if not PYTHON.exists():
        return "Spark is not installed here; `make spark` does it (500 MB)"
    return "" if shutil.which("java") else "Spark needs Java 17, and there is no java on the path"


@contextmanager
def spark_server(folder: Path, *, cores: int = 2, memory: str = "1g", token: str = "") -> Iterator[SparkServer]:
    """Runs as long as this lasts, on loopback alone; keeps what it writes in the folder. `token`: asked of clients."""
    (home,) = FOLDER.glob("lib/python*/site-packages/pyspark")
    port = _free_port()
    said = {
        "spark.master": f"local[{cores}]", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": str(cores),
        "spark.connect.grpc.binding.address": "127.0.0.1", "spark.connect.grpc.binding.port": str(port),
        "spark.sql.session.timeZone": CLOCK, "spark.local.dir": str(folder),
    }  # fmt: skip
    options = [one for name, value in said.items() for one in ("--conf", f"{name}={value}")]
    command = [str(home / "bin" / "spark-submit"), "--class", CLASS, "--driver-memory", memory, *options]
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(home)}
    environment |= {"SPARK_CONNECT_AUTHENTICATE_TOKEN": token} if token else {}
    with (folder / "spark.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "spark-internal"], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, port, folder / "spark.log")
        yield SparkServer(url=f"sc://127.0.0.1:{port}", process=process)
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + UP_WITHIN_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as tried:
            tried.settimeout(1)
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"Spark does not come up:\n{log.read_text(errors='replace')[-3000:]}")
