"""A thin client of another Annexa's HTTP API, with nothing but the standard library.

from annexa.client import Client

annexa = Client("https://annexa.example.org", token="annexa_…")
for system in annexa.items("systems", risk_class="high-risk"):
    print(system["slug"])
annexa.add_file("SUP-01", "due-diligence-files", Path("review.pdf"))

ClientError             what was asked was not done
├── RefusedError        the server refused it: `problem` says why, field by field
└── UnreachableError    no answer that can be understood
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

Json = dict[str, Any]
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
TIMEOUT = 60.0


class ClientError(Exception):
    """What was asked was not done."""


class RefusedError(ClientError):
    """The server refused it. `problem` is its answer (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        told = [f"{one['field']}: {one['detail']}" for one in problem.get("errors", ()) if one.get("field")]
        super().__init__("\n".join([str(problem.get("detail") or f"The server answered {status}."), *told]))


class UnreachableError(ClientError):
    """The server gives no answer that can be understood."""


class _NoRedirect(HTTPRedirectHandler):
    """Follows nobody: whoever is sent elsewhere would be given the token."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        """None: the redirect itself is the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that was fine: what it holds, and the entity tag of its state."""

    body: Any
    tag: str


@dataclass(frozen=True)
class Client:
    """Another Annexa, asked with a token. `server`: its address, such as https://annexa.example.org."""

    server: str
    token: str = field(repr=False)
    timeout: float = TIMEOUT
    _opener: OpenerDirector = field(default_factory=lambda: build_opener(_NoRedirect), repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuses an address over which the token would be sent in the clear. Raises ValueError."""
        parts = urlsplit(self.server)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{self.server!r} is no address of a server; write https://annexa.example.org.")
        if parts.scheme == "http" and parts.hostname not in LOCAL:
            raise ValueError(f"Over {self.server} everybody on the way could read the token; use https://.")

    def get(self, address: str, **asked: Any) -> Any:
        """What stands at an address below /api/v1/. Raises ClientError."""
        return self.ask("GET", address, asked=asked).body

    def items(self, address: str, **asked: Any) -> Iterator[Json]:
        """Everything a list holds, part by part. Raises ClientError."""
        cursor: str | None = ""
        while cursor is not None:
            part = self.get(address, **asked, **({"cursor": cursor} if cursor else {}))
            yield from part["items"]
            cursor = part["next"]

    def read(self, address: str, **asked: Any) -> bytes:
        """The bytes of a file. Raises ClientError."""
        return self._sent("GET", address, asked, None, {})[0]

    def post(self, address: str, body: Any, *, key: str = "", **asked: Any) -> Any:
        """Makes something, once: after a broken connection, ask again with the same `key`. Raises ClientError."""
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        return self.ask("POST", address, asked=asked, body=body, headers=headers).body

    def change(self, address: str, body: Json, *, tag: str = "") -> Any:
        """Changes something as it is now, or as it was seen under `tag`. Raises ClientError."""
        seen = tag or self.ask("GET", address).tag
        return self.ask("PATCH", address, body=body, headers={"If-Match": seen}).body

    def add_file(self, control: str, expectation: str, file: Path, **more: Any) -> Json:
        """Adds evidence; `more`: scope, observed_at, expires_at, passing, note. Raises ClientError, OSError."""
        fields = {"control": control, "expectation": expectation, **more}
        kind, data = _form(fields, file.name, file.read_bytes())
        headers = {"Content-Type": kind, "Idempotency-Key": secrets.token_hex(16)}
        found: Json = self.ask("POST", "evidence", data=data, headers=headers).body
        return found

    def ask(
        self,
        method: str,
        address: str,
        *,
        asked: Mapping[str, Any] | None = None,
        body: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. Raises RefusedError, UnreachableError."""
        given = {"Accept": "application/json", **(headers or {})}
        if body is not None:
            data = json.dumps(body).encode()
            given["Content-Type"] = "application/json"
        told, tag = self._sent(method, address, asked or {}, data, given)
        try:
            return Answer(body=json.loads(told), tag=tag)
        except ValueError as error:
            raise UnreachableError(f"{self.server} answers, but not as Annexa does.") from error

    def _sent(
        self, method: str, address: str, asked: Mapping[str, Any], data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[bytes, str]:
        """The bytes of an answer and its entity tag."""
        query = urlencode({name: value for name, value in asked.items() if value is not None}, doseq=True)
        url = f"{self.server.rstrip('/')}/api/v1/{quote(address, safe='/()')}{'?' + query if query else ''}"
        given = {"Authorization": f"Bearer {self.token}", **headers}
        request = Request(url, data=data, method=method, headers=given)  # noqa: S310  http and https only, see above
        try:
            with self._opener.open(request, timeout=self.timeout) as answer:
                return answer.read(), answer.headers.get("ETag", "")
        except HTTPError as error:
            raise _refused(error.code, error.headers, error.read(), self.server) from error
        except (URLError, TimeoutError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise UnreachableError(f"{self.server} cannot be reached: {reason}.") from error


def _refused(status: int, headers: Message, body: bytes, server: str) -> ClientError:
    if headers.get_content_type() != "application/problem+json":
        return UnreachableError(f"{server} answers {status}, but not as Annexa does; is the address right?")
    try:
        return RefusedError(status, json.loads(body))
    except ValueError:
        return UnreachableError(f"{server} answers {status}, and nothing that can be read.")


def _form(fields: Mapping[str, Any], name: str, data: bytes) -> tuple[str, bytes]:
    """A form with one file, as RFC 7578 has it: its type and its bytes."""
    line = secrets.token_hex(16)
    parts = [
        f'--{line}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{_word(value)}\r\n'.encode()
        for field, value in fields.items()
        if value is not None
    ]
    safe = name.replace('"', "%22").replace("\r", "").replace("\n", "")
    parts.append(
        f'--{line}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
    )
    return f"multipart/form-data; boundary={line}", b"".join([*parts, data, f"\r\n--{line}--\r\n".encode()])


def _word(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
