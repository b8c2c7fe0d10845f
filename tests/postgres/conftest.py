"""One server for all tests of this folder."""

import importlib.util
from collections.abc import Iterator

import pytest

from tests.postgres_server import binaries, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of an empty database. Skips where there is no PostgreSQL."""
    if binaries() is None:
        pytest.skip("needs PostgreSQL's server programs (initdb, pg_ctl): apt-get install postgresql")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("needs psycopg: pip install annexa[postgres]")
    with postgres() as url:
        yield url


@pytest.fixture
def database(server, request) -> Iterator[str]:
    """The URL of a database of one test's own on that server."""
    import psycopg

    name = f"one_{abs(hash(request.node.nodeid)):x}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        yield server.replace("/annexa?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]
