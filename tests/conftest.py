"""An installation of its own for every test run: fast password hashing, a vault per test. Its home: tests/home.py."""

import gc
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings as _settings

from tests.cases import cases

# A busy machine is slower, and its clock says nothing about the code; bench/ measures.
hypothesis.settings.register_profile(
    "annexa",
    deadline=None,
    max_examples=cases(),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("annexa")


_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
_settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]

# Nobody pulls the plug of a test run: what is written is there for the next reader without waiting for the disk. That
# it is asked for, in time, tests/actions/killing.py sees to, in processes of its own.
os.fsync = lambda file: os.fstat(file if isinstance(file, int) else file.fileno()) and None
os.sync = lambda: None
# A library, thousands of tests and Hypothesis live as long as the run: looking through them for garbage is for nothing.
gc.set_threshold(100_000, 50, 100)


def pytest_collection_finish() -> None:
    """What was read until here stays until the end: the collector need not look through it again."""
    gc.freeze()


DATA = Path(os.environ.get("ANNEXA_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


# What takes one of these works on the database of the run; pytest-django lets nothing else near it.
_ON_DATABASE = {"db", "transactional_db", "django_db_setup", "live_server"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones begin, each kind in its random order, so that two processes end together.

    Where a run is about another database, what works on none is left out: it would do again what it does without.
    """
    if "ANNEXA_TEST_DATABASE_URL" in os.environ:
        apart = [
            item for item in items
            if not item.get_closest_marker("django_db") and not _ON_DATABASE & set(getattr(item, "fixturenames", ()))
        ]  # fmt: skip
        config.hook.pytest_deselected(items=apart)
        items[:] = [item for item in items if item not in set(apart)]
    items.sort(key=lambda item: [not any(item.iter_markers(kind)) for kind in ("browser", "postgres", "slow")])


_vaults = count()


@pytest.fixture(autouse=True)
def _own_vault(settings, tmp_path_factory) -> Iterator[None]:
    """Bytes and events of one test are not there for the next. No folder is made for the many that keep none."""
    settings.STORE = tmp_path_factory.getbasetemp() / "vaults" / str(next(_vaults)) / "store"
    home = settings.HOME
    yield
    if (home / "activity").exists():  # who reads conversations is noted there
        shutil.rmtree(home / "activity")
        from annexa.actions.activity import _journal

        _journal.cache_clear()


@pytest.fixture
def now() -> datetime:
    """The instant at which tests act."""
    return datetime(2026, 11, 20, 9, 40, tzinfo=UTC)


@pytest.fixture
def federal_inventory() -> Path:
    """The public inventory of 2,133 AI use cases; tests that need it are skipped where it is not at hand."""
    path = DATA / "us-federal-ai-use-cases-2024.csv"
    if not path.exists():
        pytest.skip(f"needs {path.name} in {DATA}")
    return path


@pytest.fixture
def organisation(db, now) -> Iterator[object]:
    """An organisation that is set up, with its administrator."""
    from annexa.actions.organisation import set_up_organisation

    made, _ = set_up_organisation(
        name="Test House",
        admin_email="ada@example.org",
        admin_name="Ada Admin",
        password="correct horse battery staple",
        now=now,
    )
    return made


@pytest.fixture
def small_house(db, settings, tmp_path_factory):
    """The administrator of the small organisation, founded a minute before it was asked for first."""
    from django.utils import timezone

    from tests import founding
    from tests.answers.small_house import found_house

    def found():
        return found_house(timezone.now() - timedelta(minutes=1))

    return founding.once("small house of today", found, settings.STORE, tmp_path_factory.getbasetemp() / "kept")


@pytest.fixture
def admin(organisation):
    """Its administrator."""
    from annexa.records.people import Person

    return Person.objects.get(email="ada@example.org")


@pytest.fixture
def actor(admin):
    """The administrator as an actor."""
    from annexa.actions.people import actor_of

    return actor_of(admin)


@pytest.fixture
def kim(organisation, now):
    """An owner."""
    from annexa.actions.people import add_person
    from annexa.pure.permits import ANNEXA

    return add_person(actor=ANNEXA, email="kim@example.org", name="Kim Lee", role="owner", password=None, now=now)


@pytest.fixture
def noor(organisation, now):
    """An auditor."""
    from annexa.actions.people import add_person
    from annexa.pure.permits import ANNEXA

    return add_person(
        actor=ANNEXA, email="noor@example.org", name="Noor Haddad", role="auditor", password=None, now=now
    )


@pytest.fixture
def control():
    """An organisation-level control that asks for files, one of them within the year, of an adopted framework."""
    from annexa.library.load import library
    from annexa.pure.facts import ORGANISATION
    from annexa.pure.standards import ExpectationKind

    for found in sorted(library().controls.values(), key=lambda c: c.id):
        kinds = {e.kind for e in found.expectations}
        of = {framework for framework, _ in library().covered_by[found.id]}
        within = any(one.max_age < timedelta(days=365) for one in found.expectations if one.max_age)
        asked = found.level == ORGANISATION and "iso27001-2022" in of
        if asked and within and kinds == {ExpectationKind.ARTIFACT}:
            return found
    raise LookupError
