"""The small organisation, as it was founded, for a module that asks much about it; each test has a copy of its own."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as conf

from annexa.pure.permits import Actor
from tests import founding
from tests.answers.small_house import found_house

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)


@pytest.fixture(scope="module")
def founded(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[tuple[Actor, Path]]:
    """The administrator, and the store. Nothing of it stays."""
    before, store = conf.STORE, tmp_path_factory.mktemp("house") / "store"

    def found() -> Actor:
        conf.STORE = store
        actor = found_house(NOW)
        conf.STORE = before
        return actor

    keep = tmp_path_factory.getbasetemp() / "kept"
    with django_db_blocker.unblock(), founding.founded("small house", found, store, keep) as actor:
        yield actor, store


@pytest.fixture
def house(founded: tuple[Actor, Path], db, settings: Any) -> Actor:
    """Its administrator, in a copy that ends with the test: four hundred days of evidence that passed, failed,
    expired, and is still good."""
    actor, store = founded
    shutil.copytree(store, settings.STORE)
    return actor
