"""Alive and ready, as those ask who start and stop servers: by any host name, not signed in, with no redirect."""

import pytest
from django.db import connection
from django.test import Client

from annexa.api import health


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_it_answers_200_under_any_host_name(db, path, method) -> None:
    """Rule: a cluster asks by the address of a container, which nobody can put into ANNEXA_ALLOWED_HOSTS."""
    response = getattr(Client(), method)(path, headers={"Host": "10.2.3.4:8000"})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.cookies == {}


def test_other_pages_still_ask_for_the_host_name(db) -> None:
    assert Client().get("/sign-in", headers={"Host": "10.2.3.4:8000"}).status_code == 400


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_they_change_nothing(db, path) -> None:
    response = Client().post(path)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"


def test_alive_costs_no_query(db, django_assert_num_queries) -> None:
    """Rule: a database that does not answer is no reason to restart the process."""
    with django_assert_num_queries(0):
        assert Client().get("/healthz").json() == {"status": "ok"}


def test_not_ready_before_the_database_is_prepared(db, monkeypatch) -> None:
    monkeypatch.setattr(health, "_prepared", set())
    table = connection.ops.quote_name("django_migrations")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT MAX(name) FROM {table} WHERE app = 'records'")  # noqa: S608
        last = cursor.fetchone()
        cursor.execute(f"DELETE FROM {table} WHERE app = 'records' AND name = %s", last)  # noqa: S608
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["because"] == "the database is not prepared for this version"


def test_not_ready_without_a_store(db, settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(health.os, "access", lambda _path, _mode: False)  # root may write everywhere
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["because"] == "the store cannot be written to"
