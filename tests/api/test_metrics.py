"""Figures: in the form that is collected, cheap, for whom they are meant, and with nothing about anybody in them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from annexa.actions.backups import back_up
from annexa.actions.processes import Here, name_here, tell_of_process
from annexa.api.watching import BOUNDS, Requests
from annexa.pure.permits import ANNEXA
from tests.answers.small_house import found_house

TOKEN = "t" * 20 + "-of-the-collector"
LINE = re.compile(r'[a-z0-9_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.e+-]+')


def figures(text: str) -> dict[str, float]:
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    }


def test_every_line_is_of_the_format(db, now) -> None:
    found_house(now)
    Client().get("/sign-in")
    response = Client().get("/metrics")
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = response.content.decode().splitlines()
    assert [line for line in lines if not line.startswith("# ") and not LINE.fullmatch(line)] == []
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families)) == 14 - 1  # no backup was made, so its age is left out
    here = f'annexa_requests_total{{process="{name_here()}",method="GET",route="sign-in",status="200"}}'
    assert here in response.content.decode()


def test_the_figures_are_those_of_the_database(db, now, settings, tmp_path) -> None:
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    found_house(now)
    back_up(
        actor=ANNEXA, file=tmp_path / "b", passphrase=None, with_keys=False, now=now, say=lambda _: lambda _d, _t: None
    )  # fmt: skip
    found = figures(Client().get("/metrics").content.decode())
    assert found["annexa_ledger_entries"] == 18
    assert found["annexa_outbox_entries"] == 0
    assert found["annexa_database_up"] == 1
    assert "annexa_backup_age_seconds" in found
    assert "annexa_checkpoint_age_seconds" in found
    assert found[f'process_resident_memory_bytes{{process="{name_here()}"}}'] > 10_000_000


def test_it_is_cheap(db, now, django_assert_max_num_queries) -> None:
    found_house(now)
    with django_assert_max_num_queries(5):
        Client().get("/metrics")


def test_nothing_about_people_or_systems_is_in_it(db, now) -> None:
    """Rule: whoever collects figures learns no name, no address, no slug, nor what was asked for."""
    found_house(now)
    client = Client()
    for path in ("/systems/credit-score?q=kim@example.org", "/enter/a-secret-token", "/nowhere/zorah@example.org"):
        client.get(path)
    text = client.get("/metrics").content.decode()
    for word in ("credit-score", "kim", "zorah", "secret-token", "nowhere", "Test House"):
        assert word not in text, word
    assert 'route="unmatched"' in text


def test_strangers_cannot_fill_it_with_methods_and_addresses() -> None:
    """Rule: what is counted has an end, whatever is asked for."""
    counted = Requests()
    for number in range(50):
        counted.count(method=f"M{number}", route="unmatched", status=404, seconds=0.01)
    answered, classes, _ = counted.taken()
    assert answered == {("other", "unmatched", 404): 50}
    assert classes["unmatched"][BOUNDS.index(0.01)] == 50


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200), ("::1", {}, 200), ("203.0.113.9", {}, 403), ("", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403), ("127.0.0.1", {"X-Forwarded-Proto": "https"}, 403),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.9"}, 403), ("127.0.0.1", {"X-Real-IP": "203.0.113.9"}, 403),
    ],
)  # fmt: skip
def test_without_a_token_only_this_machine_may_look(db, address, headers, status) -> None:
    """Rule: what a proxy on this machine passes on comes from elsewhere."""
    assert Client(REMOTE_ADDR=address).get("/metrics", headers=headers).status_code == status


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "203.0.113.9"])
def test_behind_a_proxy_nobody_may_look_without_a_token(db, settings, address) -> None:
    """Rule: a proxy on this machine that adds no header makes everybody look like this machine."""
    settings.PROXIES = 1
    refused = Client(REMOTE_ADDR=address).get("/metrics")
    assert (refused.status_code, b"annexa_" in refused.content, b"ANNEXA_METRICS_TOKEN" in refused.content) == (
        403, False, True,
    )  # fmt: skip
    settings.METRICS_TOKEN = TOKEN
    assert Client(REMOTE_ADDR=address).get("/metrics").status_code == 401
    given = {"Authorization": f"Bearer {TOKEN}"}
    assert Client(REMOTE_ADDR=address).get("/metrics", headers=given).status_code == 200


@pytest.mark.parametrize("given", ["", "Bearer ", f"Bearer {TOKEN}x", f"bearer {TOKEN}", TOKEN, "Bearer ü"])
def test_with_a_token_it_must_be_that_one(db, settings, given) -> None:
    settings.METRICS_TOKEN = TOKEN
    response = Client().get("/metrics", headers={"Authorization": given})
    assert response.status_code == 401
    assert "WWW-Authenticate" in response.headers


def test_with_the_token_one_may_look_from_anywhere(db, settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    response = Client(REMOTE_ADDR="203.0.113.9").get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200


def test_every_live_process_is_in_it_under_its_own_name(db, now) -> None:
    """Rule: whichever process answers, the figures are those of all; a dead one is gone, not added to another."""
    counted = {"answered": [["GET", "systems", 200, 7]], "classes": {"systems": [7] + [0] * len(BOUNDS)},
               "seconds": {"systems": 0.02}, "cpu": 1.5, "memory": 5, "started": 9, "worker": {}}  # fmt: skip
    clock = datetime.now(UTC)
    for name, ago, told in (
        ("web-1:7", 20, counted), ("work-1:9", 5, {"worker": {"rounds": 3, "failures": 1}}), ("web-2:8", 90, counted),
    ):  # fmt: skip
        here = Here(name=name, serves=name < "work", works=name > "work", started_at=now)
        tell_of_process(here=here, figures=told, now=clock - timedelta(seconds=ago))
    found = figures(Client().get("/metrics").content.decode())
    assert found['annexa_requests_total{process="web-1:7",method="GET",route="systems",status="200"}'] == 7
    assert found['annexa_request_seconds_bucket{process="web-1:7",route="systems",le="+Inf"}'] == 7
    assert found['annexa_worker_failures_total{process="work-1:9"}'] == 1
    assert 'annexa_worker_rounds_total{process="web-1:7"}' not in found
    assert not any("web-2:8" in name for name in found)
