"""A small organisation, one person of each role, and programs that come with a token."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as conf
from django.test import Client

from annexa.actions.people import actor_of, add_person
from annexa.actions.request_counts import Counted
from annexa.actions.tokens import create_token, scopes_for
from annexa.api import askers
from annexa.api.shapes import now as clock
from annexa.pure.permits import ANNEXA
from annexa.records.people import Person
from tests import founding
from tests.answers.small_house import found_house
from tests.personas import undone


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer of the API."""

    status: int
    headers: Any
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(kw_only=True)
class Program:
    """A program with a token, or without any."""

    text: str = ""
    client: Client

    def __call__(self, method: str, address: str, body: Any = None, **headers: str) -> Said:
        more: dict[str, Any] = {"headers": {name.replace("_", "-"): value for name, value in headers.items()}}
        if self.text:
            more["headers"]["Authorization"] = f"Bearer {self.text}"
        if body is not None:
            more |= {"data": json.dumps(body), "content_type": "application/json"}
        found = self.client.generic(method, f"/api/v1/{address}", **more)
        content = b"".join(found.streaming_content) if found.streaming else found.content
        return Said(status=found.status_code, headers=found.headers, content=content)

    def send(self, address: str, fields: dict[str, Any], **headers: str) -> Said:
        """Sends a form with a file."""
        found = self.client.post(
            f"/api/v1/{address}", fields, headers={"Authorization": f"Bearer {self.text}", **headers}
        )
        return Said(status=found.status_code, headers=found.headers, content=found.content)


@pytest.fixture(autouse=True)
def _no_requests_yet() -> None:
    askers.COUNTED = Counted()


@pytest.fixture(scope="module")
def founded(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Path]:
    """The organisation, and a person in each role, as it was founded; nothing of it stays."""
    before, store = conf.STORE, tmp_path_factory.mktemp("house") / "store"

    def found() -> None:
        conf.STORE = store
        found_house(clock())
        for role in ("lead", "owner", "auditor"):
            add_person(
                actor=ANNEXA, email=f"{role}@example.org", name=f"Lou {role.capitalize()}", role=role, password=None,
                now=clock(),
            )  # fmt: skip
        conf.STORE = before

    keep = tmp_path_factory.getbasetemp() / "kept"
    with django_db_blocker.unblock(), founding.founded("one in each role", found, store, keep):
        yield store


@pytest.fixture
def house(founded: Path, settings: Any, tmp_path: Path) -> Iterator[dict[str, Person]]:
    """The people by role, in a copy of the organisation."""
    settings.STORE = tmp_path / "copy"
    shutil.copytree(founded, settings.STORE)
    with undone():
        yield {person.role: person for person in Person.objects.all()}


@pytest.fixture
def program(house: dict[str, Person]) -> Callable[..., Program]:
    """Makes a program that acts for the person in a role, by default with all they may do."""

    def make(role: str, *scopes: str) -> Program:
        person = house[role]
        _, text = create_token(
            actor=actor_of(person), person=person, holder=person, name="Tests", now=clock(),
            scopes=scopes or scopes_for(actor_of(person)), expires_at=clock() + timedelta(days=9),
        )  # fmt: skip
        return Program(text=text, client=Client())

    return make


@pytest.fixture
def admin(program: Callable[..., Program]) -> Program:
    """A program of the administrator."""
    return program("administrator")


@pytest.fixture
def stranger(house: dict[str, Person]) -> Program:
    """A program without a token."""
    return Program(client=Client())
