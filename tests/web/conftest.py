"""What several pages are tested with."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings as conf
from django.utils import timezone

from annexa.actions import sign_in
from tests.answers.small_house import found_house
from tests.founding import founded
from tests.personas import Cast, found_cast, undone
from tests.web.proving import signed_in


@pytest.fixture
def at(now, monkeypatch, client, admin):
    """The pages are read at this instant, by the administrator."""
    monkeypatch.setattr(timezone, "now", lambda: now)
    signed_in(client, admin)
    return now


@pytest.fixture(scope="module")
def cast(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Cast]:
    """The small organisation with everybody who may come, as it was founded; nothing of it stays."""
    before, store = conf.STORE, tmp_path_factory.mktemp("house") / "store"

    def found() -> Cast:
        conf.STORE = store
        found_house(timezone.now())
        made = found_cast(timezone.now())
        conf.STORE = before
        assert made.sessions  # begun here, so that no test takes them back
        return made

    keep = tmp_path_factory.getbasetemp() / "kept"
    with django_db_blocker.unblock(), founded("cast", found, store, keep) as made:
        made.store = store
        yield made


@pytest.fixture
def here(cast, settings, monkeypatch) -> Iterator[Cast]:
    """The same, as the pages see it. A walk may take longer than a proof of who one is holds; nobody is asked again."""
    settings.STORE = cast.store
    monkeypatch.setattr(sign_in, "PROOF_HOLDS", timedelta(days=1))
    with undone():
        yield cast
