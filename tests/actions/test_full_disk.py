"""A disk that is really full: what arrives is refused and comes again, nothing acknowledged is lost, all recovers."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from annexa.actions.sealing import alone, seal_everything
from annexa.activity.journal import journals
from annexa.answers.activity_integrity import check_activity
from annexa.answers.activity_store import journal_folder
from annexa.records.activity import Segment
from tests.actions.test_intake import request_of, span
from tests.activity.making import MIB, arrive, events

pytestmark = pytest.mark.slow
SETUP = """
import django; django.setup()
from django.utils import timezone
from annexa.actions.activity_sources import open_source
from annexa.actions.organisation import set_up_organisation
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.pure.systems import SystemFacts
now = timezone.now()
_, person = set_up_organisation(
    name="House", admin_email="a@example.org", admin_name="Ada", password="correct horse battery staple", now=now
)
add_system(actor=actor_of(person), facts=SystemFacts(name="Chatbot"), now=now)
print(open_source(
    slug="gate", name="Gate", system="chatbot", because="All AI", actor=actor_of(person), person=person, now=now,
)[1])
"""
SPANS = 64
TEXT = "Why was this refused? " * 70


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 96 MiB."""
    where = tmp_path / "disk"
    where.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=96m", "annexa-test", where], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {getattr(error, 'stderr', '') or error}")
    yield where
    subprocess.run(["umount", "--lazy", where], check=True)


def fill(disk: Path, left: int = 0) -> Path:
    """Fills the disk up to some bytes."""
    ballast = disk / "ballast"
    with ballast.open("ab") as stream, suppress(OSError):
        while (room := shutil.disk_usage(disk).free - left) > 0:
            stream.write(bytes(min(room, MIB)))
            stream.flush()
    return ballast


@dataclass(kw_only=True)
class Server:
    """`annexa serve` with its home on a disk, and who sends to it. `acknowledged`: the batches it said 200 to."""

    home: Path
    log: Path
    port: int
    token: str = ""
    process: subprocess.Popen[bytes] | None = None
    acknowledged: set[int] = field(default_factory=set)

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANNEXA_")}
        return kept | {
            "ANNEXA_HOME": str(self.home), "DJANGO_SETTINGS_MODULE": "annexa.settings", "ANNEXA_ACTIVITY_SPARE_MB": "0",
        }  # fmt: skip

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "annexa.cli.main", "serve", "--port", str(self.port)], env=self.env,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        waits_for(lambda: self.asked("/healthz") == 200)
        self.token = self.run("-c", SETUP).splitlines()[-1]

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], env=self.env, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def asked(self, path: str) -> int:
        with suppress(OSError):
            return self._request("GET", path, b"", {})[0]
        return 0

    def send(self, batch: int) -> tuple[int, str]:
        """Sends a batch: the status and Retry-After."""
        said = (("gen_ai.operation.name", "chat"), ("gen_ai.input.messages", TEXT))
        body = request_of([span(1 + batch * SPANS + place, said) for place in range(SPANS)])
        headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {self.token}"}
        status, again = self._request("POST", "/v1/traces", body, headers)
        if status == 200:
            self.acknowledged.add(batch)
        return status, again

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)

    def _request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("Retry-After", "")
        finally:
            connection.close()


@pytest.fixture
def server(disk: Path, tmp_path: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    one = Server(home=disk / "home", log=tmp_path / "log", port=port)
    try:
        one.start()
        yield one
    finally:
        one.stop()


def waits_for(true: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_server_whose_disk_is_full_recovers_by_itself(server: Server, disk: Path) -> None:
    """From the first request on: 503 with Retry-After, pages are there, and every acknowledged span is kept once."""
    ballast = fill(disk)
    assert server.send(0) == (503, "2"), "not even the key of pseudonyms can be made"
    assert server.asked("/healthz") == server.asked("/sign-in") == 200
    ballast.unlink()
    assert server.send(0) == (200, "")
    fill(disk, left=MIB)
    refused = [batch for batch in range(1, 40) if server.send(batch) != (200, "")]
    assert 0 < len(refused) < 39, "some still went in, then the disk was full"
    assert {server.send(batch) for batch in refused[:3]} == {(503, "2")}
    fill(disk)
    waits_for(lambda: "could not be sealed: No space left on device" in server.log.read_text())
    assert server.asked("/healthz") == server.asked("/sign-in") == 200
    assert server.send(refused[0]) == (503, "2")
    ballast.unlink()
    for batch in refused:
        assert server.send(batch) == (200, "")
    segments = server.home / "store" / "activity"
    waits_for(lambda: any(segments.rglob("*.parquet")))  # whoever seals tried again by itself
    server.stop()
    assert server.process is not None
    server.run("-m", "annexa.cli.main", "logs", "seal", "--once")
    lines = server.run(
        "-m", "annexa.cli.main", "logs", "export", "chatbot", "--since", "2025-11-01", "--to", "ndjson"
    ).splitlines()
    found = Counter(int(json.loads(line)["span_id"], 16) for line in lines)
    assert found == Counter(range(1, 40 * SPANS + 1)), "every acknowledged span once, and no other"
    assert server.acknowledged == set(range(40))
    assert "FAILS" not in server.run("-m", "annexa.cli.main", "logs", "verify")
    assert "fails" not in server.run("-m", "annexa.cli.main", "ledger", "verify")
    assert not list((server.home / "keys").glob(".incoming/*")), "nothing half written is left"


@pytest.mark.django_db
def test_a_sealer_whose_disk_is_full_leaves_what_waits_where_it_is(disk: Path, settings) -> None:
    """It raises, no half file is left in the store, and once there is room everything is sealed once."""
    settings.HOME, settings.STORE = disk / "home", disk / "home" / "store"
    now = datetime(2026, 12, 1, 0, 20, tzinfo=UTC)
    arrive(journal_folder(), *(events(50 * n, 50) for n in range(4)))
    with alone(journal_folder()):
        ballast = fill(disk)
    with pytest.raises(OSError, match="No space left on device"):
        seal_everything(clock=lambda: now)
    assert Segment.objects.count() == 0
    assert [one for one in (disk / "home" / "store").rglob("*") if one.is_file()] == []
    ballast.unlink()
    assert seal_everything(clock=lambda: now).records == 200
    checks = check_activity(progress=lambda *_: None)
    assert [one.outcome for one in checks] == ["holds"] * 6


@pytest.mark.django_db
def test_journals_are_removed_though_their_disk_is_full(disk: Path, settings, tmp_path: Path) -> None:
    """Where segments lie elsewhere sealing makes the room that is missing: nothing has to be made for it."""
    settings.HOME, settings.STORE = tmp_path / "home", tmp_path / "store"
    settings.HOME.mkdir()
    (settings.HOME / "activity").symlink_to(disk)
    arrive(journal_folder(), *(events(50 * n, 50) for n in range(4)))
    with alone(journal_folder()):
        fill(disk)
    assert seal_everything(clock=lambda: datetime(2026, 12, 1, 0, 20, tzinfo=UTC)).records == 200
    assert journals(journal_folder()) == []
