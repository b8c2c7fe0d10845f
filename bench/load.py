"""What editors.py and kills.py share: an installation of several processes, clients that edit it through the HTTP API,
and what must be so afterwards.

Run by itself, in an installation's environment: `load.py found EDITORS SYSTEMS` makes one and prints who may enter;
`load.py check` prints what is in it.
"""

import argparse
import hashlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.postgres_server import binaries, postgres  # noqa: E402

SEED = 20261130
TIMEOUT = 30.0
HOT = 5
"""So many systems are edited by everybody at once; the others now and then."""


# --- an installation of several processes


@dataclass(kw_only=True)
class Runs:
    """One process of the installation, started again whenever it ends, if somebody keeps it."""

    name: str
    argv: tuple[str, ...]
    env: dict[str, str]
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        """Starts it, in a group of its own."""
        self.starts += 1
        self.process = subprocess.Popen(
            [sys.executable, "-m", "annexa.cli.main", *self.argv], env=self.env, stdout=subprocess.DEVNULL,
            stderr=self._log(), start_new_session=True,
        )  # fmt: skip

    def _log(self) -> Any:
        return (Path(self.env["ANNEXA_HOME"]).parent / f"{self.name}.log").open("ab")

    @property
    def alive(self) -> bool:
        """Whether the process that was started still runs."""
        return self.process is not None and self.process.poll() is None

    def children(self) -> list[int]:
        """The processes it has started itself."""
        assert self.process is not None  # noqa: S101
        with suppress(OSError):
            told = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            return [int(pid) for pid in told.split()]
        return []

    def ready(self) -> bool:
        """Whether it answers that it can do its work."""
        with suppress(OSError, http.client.HTTPException):
            asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            asked.request("GET", "/readyz")
            return asked.getresponse().status == 200
        return False

    def stop(self) -> None:
        """Ends it in order; after 30 seconds, not in order."""
        if self.process is not None and self.alive:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)


@dataclass(kw_only=True)
class House:
    """A running installation, and who may enter."""

    env: dict[str, str]
    database: str
    runs: list[Runs]
    tokens: list[str] = field(default_factory=list)
    people: list[list[str]] = field(default_factory=list)
    slugs: list[str] = field(default_factory=list)
    admin: str = ""
    """The token of an administrator's program, with every scope that programs may have."""

    @property
    def webs(self) -> list[Runs]:
        """Those that answer requests."""
        return [one for one in self.runs if one.port]

    def run(self, *argv: object, at_most: int = 900) -> subprocess.CompletedProcess[str]:
        """Runs a command in its environment, as its operator does."""
        return subprocess.run(
            [sys.executable, *map(str, argv)], env=self.env, capture_output=True, text=True, check=False,
            timeout=at_most,
        )  # fmt: skip

    def asked(self, *argv: object) -> Any:
        """What this module prints in its environment."""
        done = self.run(__file__, *argv)
        if done.returncode:
            sys.exit(f"{argv}: {done.stderr[-4000:]}")
        return json.loads(done.stdout)

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Until every server process answers."""
        ends = time.monotonic() + seconds
        while not all(one.ready() for one in self.webs):
            if time.monotonic() > ends:
                sys.exit("The servers did not start.")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends all of it."""
        for one in self.runs:
            one.stop()


@contextmanager
def house(database: str, *, editors: int, systems: int, webs: int = 2, limit: int = 600) -> Iterator[House]:
    """An installation on PostgreSQL (several server processes and a worker) or on SQLite (one process), running.

    `limit`: how many requests a minute each token may send.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="annexa-load-")))
        env = {"PATH": os.environ["PATH"], "ANNEXA_HOME": str(folder / "home"), "PYTHONPATH": f"{ROOT / 'src'}",
               "DJANGO_SETTINGS_MODULE": "annexa.settings", "ANNEXA_REQUESTS_A_MINUTE": str(limit)}  # fmt: skip
        if database == "postgresql":
            if binaries() is None:
                sys.exit("This needs PostgreSQL's server programs (initdb, pg_ctl): apt-get install postgresql.")
            env["ANNEXA_DATABASE_URL"] = stack.enter_context(postgres(durable=True))
            env["ANNEXA_WORKER"] = "no"
        ports = _free_ports(webs if database == "postgresql" else 1)
        runs = [
            Runs(name=f"web-{n}", argv=("serve", "--port", str(port)), env=env, port=port)
            for n, port in enumerate(ports, start=1)
        ]
        if database == "postgresql":
            runs.append(Runs(name="worker", argv=("worker",), env=env))
        made = House(env=env, database=env.get("ANNEXA_DATABASE_URL", ""), runs=runs)
        for who, many in made.asked("found", editors, systems).items():
            setattr(made, who, many)
        try:
            for one in runs:  # all at once: one prepares, the others wait
                one.start()
            made.wait_until_ready()
            yield made
        finally:
            made.stop()


def _free_ports(many: int) -> list[int]:
    with ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(many)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


# --- clients


class UnknownError(Exception):
    """No answer came: what was asked may have been done, or not."""


@dataclass(kw_only=True)
class Noted:
    """What all clients saw together."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    unknown: int = 0
    edits: list[tuple[str, int, str, str]] = field(default_factory=list)
    """Acknowledged: slug, which edit of it this is, the editor's own mark, and the entity tag that was seen before."""
    added: list[tuple[str, str]] = field(default_factory=list)
    """Acknowledged: slug and name."""
    files: list[tuple[str, str]] = field(default_factory=list)
    """Acknowledged: id and SHA-256."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Editor(threading.Thread):
    """One person or program that looks, thinks and changes, until it is told to stop."""

    def __init__(
        self, number: int, *, at: House, noted: Noted, stop: threading.Event, seed: int, pause: float,
        token: str = "", person: list[str] | None = None,
    ) -> None:  # fmt: skip
        """`pause`: seconds between two things it does, on average. With a person it signs in, else it has a token."""
        super().__init__(name=f"editor-{number}", daemon=True)
        self.number, self.at, self.noted, self.stop, self.pause = number, at, noted, stop, pause
        self.token, self.person = token, person
        self.chance = random.Random(seed * 100_003 + number)
        self.connection: http.client.HTTPConnection | None = None
        self.cookies: dict[str, str] = {}
        self.web, self.turn = number, 0

    def run(self) -> None:
        """Does one thing after the other."""
        deeds = (self.edit, self.look, self.add, self.hand_in)
        self.stop.wait(self.chance.random() * self.pause)
        while not self.stop.is_set():
            self.turn += 1
            [deed] = self.chance.choices(deeds, weights=(55, 30, 10, 5))
            try:
                deed()
            except UnknownError:
                with self.noted.lock:
                    self.noted.unknown += 1
                self.stop.wait(0.2)
            self.stop.wait(self.pause * self.chance.uniform(0.5, 1.5))

    @property
    def mark(self) -> str:
        """A text that nobody else writes, and this editor only once."""
        return f"{self.number}.{self.turn}"

    def edit(self) -> None:
        """Reads a system and changes what it read, unless somebody else did so first."""
        few = self.chance.random() < 0.3
        slug = self.chance.choice(self.at.slugs[:HOT] if few else self.at.slugs)
        status, tag, seen = self.ask("read", "GET", f"systems/{slug}")
        if status != 200:
            self.wrong("read", status, seen)
            return
        count = int(seen["purpose"].split()[0]) + 1
        status, _, said = self.ask(
            "edit", "PATCH", f"systems/{slug}", {"purpose": f"{count} {self.mark}"}, {"If-Match": tag}
        )
        with self.noted.lock:
            if status == 200:
                self.noted.edits.append((slug, count, self.mark, tag))
            elif status == 412:
                self.noted.conflicts += 1
        if status not in {200, 412}:
            self.wrong("edit", status, said)

    def look(self) -> None:
        """Reads a part of the register."""
        status, _, said = self.ask("list", "GET", "systems?limit=50")
        if status != 200:
            self.wrong("list", status, said)

    def add(self) -> None:
        """Adds a system; where no answer comes, asks again under the same key until one does."""
        name, tries = f"Made {self.mark}", 0
        while True:
            tries += 1
            try:
                status, _, said = self.ask("add", "POST", "systems", {"name": name}, {"Idempotency-Key": self.mark})
                break
            except UnknownError:
                if tries == 8:
                    raise
                time.sleep(0.5)
        if status == 201:
            with self.noted.lock:
                self.noted.added.append((said["slug"], name))
        elif status == 409 and tries > 1:
            raise UnknownError  # it was cut off, and says so
        else:
            self.wrong("add", status, said)

    def hand_in(self) -> None:
        """Adds a file as evidence."""
        data, parting = f"report {self.mark} ".encode() * 200, "----parting"
        fields = {"control": "SUP-01", "expectation": "due-diligence-files"}
        lines = [
            f'--{parting}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        lines.append(
            f'--{parting}\r\nContent-Disposition: form-data; name="file"; filename="{self.mark}.txt"\r\n'
            "Content-Type: text/plain\r\n\r\n"
        )
        body = "".join(lines).encode() + data + f"\r\n--{parting}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={parting}"}
        status, _, said = self.ask("file", "POST", "evidence", body, kind)
        if status != 201:
            self.wrong("file", status, said)
            return
        with self.noted.lock:
            self.noted.files.append((said["id"], hashlib.sha256(data).hexdigest()))

    def wrong(self, kind: str, status: int, said: Any) -> None:
        """Notes an answer that should not have come. What may be tried again is noted as that."""
        detail = said.get("detail", "")[:60] if isinstance(said, dict) else ""
        with self.noted.lock:
            self.noted.errors[f"{kind} {status} {detail}".strip()] += 1
        if status == 401 and self.person:
            self.sign_in()

    def ask(
        self, kind: str, method: str, where: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str, Any]:
        """Asks the API: status, entity tag, what was said. Raises UnknownError where no answer came."""
        sent = {"Connection": "keep-alive", **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        else:
            sent["X-CSRFToken"] = self.cookies.get("csrftoken", "")
        if body is not None and not isinstance(body, bytes):
            body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        began = time.perf_counter()
        status, answered, data = self.send(method, f"/api/v1/{where}", body, sent)
        with self.noted.lock:
            self.noted.seconds[kind].append(time.perf_counter() - began)
        try:
            said = json.loads(data) if data else {}
        except ValueError:
            said = {}
        return status, answered.get("ETag", ""), said

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, Any, bytes]:
        """One request over a connection that is kept, to one server process; to another one after a failure."""
        if self.cookies:
            headers = {**headers, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        try:
            if self.connection is None:
                port = self.at.webs[self.web % len(self.at.webs)].port
                self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
            self.connection.request(method, path, body=body, headers=headers)
            answer = self.connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            if self.connection is not None:
                self.connection.close()
            self.connection, self.web = None, self.web + 1
            raise UnknownError(str(error)) from error
        for one in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = one.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers, data

    def sign_in(self) -> None:
        """As a browser does: opens the page, fills in the form it finds, and sends it."""
        assert self.person is not None  # noqa: S101
        self.cookies = {}
        _, _, page = self.send("GET", "/sign-in", None, {})
        filled = {}
        for field_ in re.findall(r"<input\b[^>]*>", page.decode()):
            said = dict(re.findall(r'(\w+)="([^"]*)"', field_))
            kind = said.get("type", "text")
            if "name" in said and kind in {"hidden", "email", "text", "password"}:
                filled[said["name"]] = {
                    "email": self.person[0],
                    "text": self.person[0],
                    "password": self.person[1],
                }.get(kind, said.get("value", ""))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, _ = self.send("POST", "/sign-in", urlencode(filled).encode(), form)
        if status not in {302, 303} or "sessionid" not in self.cookies:
            sys.exit(f"{self.person[0]} could not sign in: {status}")


def editors(at: House, *, many: int, seed: int, pause: float, noted: Noted, stop: threading.Event) -> list[Editor]:
    """The clients; every tenth signs in, the others have tokens. They do nothing yet."""
    found = []
    for number in range(many):
        person = at.people[number // 10] if number % 10 == 0 and number // 10 < len(at.people) else None
        token = "" if person else at.tokens[number]
        one = Editor(number, at=at, noted=noted, stop=stop, seed=seed, pause=pause, token=token, person=person)
        if person:
            one.sign_in()
        found.append(one)
    return found


# --- what must be so afterwards


def wrong_afterwards(noted: Noted, found: dict[str, Any]) -> list[str]:
    """Every way in which what is there is not what was acknowledged. Empty: nothing was lost, nothing is half there."""
    return [*_wrong_edits(noted, found), *_wrong_rest(noted, found)]


def lost_updates(noted: Noted, found: dict[str, Any]) -> int:
    """Acknowledged edits that somebody wrote over without having seen them, or that are not there."""
    return len(_wrong_edits(noted, found))


def _wrong_edits(noted: Noted, found: dict[str, Any]) -> list[str]:
    wrong, told = [], {}
    for slug, purposes in found["purposes"].items():
        counts = [int(one.split()[0]) for one in purposes if one]
        if counts != list(range(len(counts))):
            wrong.append(f"{slug}: its edits are not each made upon the one before: {counts[-20:]}")
        if purposes and found["rows"].get(slug) != purposes[-1]:
            wrong.append(f"{slug}: the row says {found['rows'].get(slug)!r}, the ledger {purposes[-1]!r}")
        for one in purposes:
            told[slug, one] = told.get((slug, one), 0) + 1
    for slug, count, mark, _ in noted.edits:
        if told.get((slug, f"{count} {mark}")) != 1:
            wrong.append(f"{slug}: the acknowledged edit {count} {mark} is in the ledger {told.get((slug, mark), 0)}x")
    winners = Counter((slug, tag) for slug, _, _, tag in noted.edits)
    wrong += [
        f"{slug}: {many} edits won against each other at {tag}" for (slug, tag), many in winners.items() if many > 1
    ]
    return wrong


def _wrong_rest(noted: Noted, found: dict[str, Any]) -> Iterator[str]:
    names = Counter(found["names"].values())
    yield from (f"{name} is there {many} times" for name, many in names.items() if many > 1)
    yield from (f"{name} was added and is not there" for slug, name in noted.added if found["names"].get(slug) != name)
    yield from (
        f"the file {one} was handed in and is not there" for one, sha in noted.files if found["files"].get(one) != sha
    )
    yield from found["wrong"]


def quantiles(seconds: list[float]) -> dict[str, float]:
    """In milliseconds: the middle, and what 95 and 99 of 100 stay below."""
    ordered = sorted(seconds) or [0.0]
    return {f"p{n}_ms": round(ordered[min(len(ordered) - 1, len(ordered) * n // 100)] * 1000, 1) for n in (50, 95, 99)}


# --- in the environment of the installation


def _found(many: int, systems: int) -> dict[str, Any]:
    """An organisation, systems, a service account with a token for each editor, and a person for every tenth."""
    from datetime import UTC, datetime, timedelta

    import django

    django.setup()
    from django.db import transaction

    from annexa.actions.organisation import set_up_organisation
    from annexa.actions.people import add_person
    from annexa.actions.systems import import_systems
    from annexa.actions.tokens import add_service_account, create_token
    from annexa.answers.imports import plan_systems
    from annexa.cli.serve import prepare
    from annexa.pure.permits import ANNEXA, PERSONAL, PROVISION, SCOPES
    from annexa.records.systems import AiSystem

    prepare()
    now, password = datetime.now(UTC), "a long enough pass phrase"
    said: dict[str, Any] = {"tokens": [], "people": [], "slugs": []}
    set_up_organisation(name="Busy House", admin_email="ada@example.org", admin_name="Ada", password=password, now=now)
    chance = random.Random(SEED)
    rows = [
        {
            "Name": f"System {n}", "Purpose": "0 start", "Unit": f"Unit {n % 20}",
            "Stage": chance.choice(("concept", "development", "operation", "operation", "retirement")),
            "Roles": chance.choice(("deployer", "provider", "deployer, provider")),
            "Risk classes": chance.choice(("minimal", "transparency", "high-risk", "minimal")),
        }
        for n in range(systems)
    ]  # fmt: skip
    planned = plan_systems(actor=ANNEXA, data=json.dumps(rows).encode(), name="load.json")
    import_systems(actor=ANNEXA, planned=planned, now=now)
    said["slugs"] = list(AiSystem.objects.order_by("id").values_list("slug", flat=True))
    with transaction.atomic():
        boss = add_service_account(
            actor=ANNEXA, person=None, slug="boss", name="Boss", role="administrator", now=now
        )  # fmt: skip
        _, said["admin"] = create_token(
            actor=ANNEXA, person=None, holder=boss, name="Load", now=now, expires_at=now + timedelta(days=1),
            scopes=sorted(SCOPES - PERSONAL - {PROVISION}),
        )  # fmt: skip
        for n in range(many):
            holder = add_service_account(
                actor=ANNEXA, person=None, slug=f"editor-{n}", name=f"Editor {n}", role="owner", now=now
            )
            _, text = create_token(
                actor=ANNEXA, person=None, holder=holder, name="Load", now=now, expires_at=now + timedelta(days=1),
                scopes=["read", "change_system", "add_evidence"],
            )  # fmt: skip
            said["tokens"].append(text)
        for n in range((many + 9) // 10):
            email = f"kim-{n}@example.org"
            add_person(actor=ANNEXA, email=email, name=f"Kim {n}", role="owner", password=password, now=now)
            said["people"].append([email, password])
    return said


def _check() -> dict[str, Any]:
    """What a start finds, and all that was changed, as ledger, rows and files say it."""
    import django

    django.setup()
    from annexa.answers.store import blobs
    from annexa.cli.serve import prepare
    from annexa.records.evidence import Evidence
    from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry, Outbox
    from annexa.records.systems import AiSystem

    prepare()
    wrong: list[str] = []
    positions = list(LedgerEntry.objects.order_by("position").values_list("position", flat=True))
    if positions != list(range(len(positions))):
        wrong.append("positions of the ledger have gaps or doubles")
    head = LedgerCheckpoint.objects.order_by("-size").first()
    if head is None or head.size != len(positions) or EntryBody.objects.count() != len(positions):
        wrong.append("the last signed root is not over every entry")
    if Outbox.objects.exists():
        wrong.append("entries wait for a place although nothing runs")
    purposes: dict[str, list[str]] = {}
    entries = LedgerEntry.objects.filter(kind="ai_system").order_by("position")
    for position, subject in entries.values_list("position", "subject").iterator():
        state = json.loads(bytes(EntryBody.objects.values_list("body", flat=True).get(position=position)))["state"]
        purposes.setdefault(subject.partition("/")[2], []).append(state["purpose"])
    files = {}
    for one in Evidence.objects.all():
        with blobs().open_checked(one.sha256):
            files[one.id] = one.sha256
    rows = list(AiSystem.objects.values_list("slug", "name", "purpose"))
    return {
        "entries": len(positions), "wrong": wrong, "purposes": purposes, "files": files,
        "rows": {slug: purpose for slug, _, purpose in rows}, "names": {slug: name for slug, name, _ in rows},
    }  # fmt: skip


def verified(at: House) -> str:
    """What `annexa ledger verify` says in one word; its sentences go to standard error where it fails."""
    done = at.run("-m", "annexa.cli.main", "ledger", "verify")
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
    return "holds" if done.returncode == 0 else "fails"


def arguments(about: str) -> argparse.ArgumentParser:
    """The flags that both benchmarks have."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--systems", type=int, default=500, help="default 500")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default {SEED}")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds an editor thinks, on average; default 1")
    return parser


if __name__ == "__main__":
    if sys.argv[1] == "found":
        print(json.dumps(_found(int(sys.argv[2]), int(sys.argv[3]))))
    else:
        print(json.dumps(_check()))
