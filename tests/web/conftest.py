"""What several pages are tested with."""

import pytest
from django.utils import timezone


@pytest.fixture
def at(now, monkeypatch, client, admin):
    """The pages are read at this instant, by the administrator."""
    monkeypatch.setattr(timezone, "now", lambda: now)
    client.force_login(admin)
    return now
