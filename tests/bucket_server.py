"""A throw-away server of object storage for tests, where moto is installed."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = shutil.which("moto_server") or shutil.which("moto_server", path=str(Path(sys.executable).parent))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The URL of a bucket on a server of its own."""
    if SERVER is None:
        pytest.skip("needs moto_server: pip install 'moto[server]'")
    port = free_port()
    server = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [SERVER, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _made(f"{server}/logs")
            yield f"s3://logs/annexa/one?endpoint={server}&region=us-east-1"
        finally:
            process.terminate()


_SAYS = "AWS4-HMAC-SHA256 Credential=key/20261201/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def _made(url: str) -> None:
    """Makes a bucket, once the server is up."""
    end = time.monotonic() + 60
    while True:
        try:
            request = urllib.request.Request(url, method="PUT", headers={"Authorization": _SAYS})
            urllib.request.urlopen(request, timeout=5).close()
            return
        except urllib.error.HTTPError as error:
            error.close()
            raise
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)
