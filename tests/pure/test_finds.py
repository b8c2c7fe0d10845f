"""Logs are added up by service: sums stay, people are counted, and few are not counted out."""

from datetime import date, timedelta

import pytest

from annexa.library.ai_services import ai_services, load_ai_services
from annexa.library.reader import LibraryError
from annexa.pure.finds import Counted, Services, with_tools

DAY = date(2026, 11, 2)
SERVICES = Services(ai_services())


def counted(rows):
    found = Counted(SERVICES)
    for host, app, who, day in rows:
        found.add(host=host, app=app, pseudonym=who, on=DAY + timedelta(days=day), requests=2, size=10)
    return found


def test_it_works() -> None:
    rows = [("www.perplexity.ai", "", b"%d" % n, n % 2) for n in range(6)]
    found = counted([*rows, ("", "Perplexity", b"1", 5), ("intranet.example", "", b"1", 0)])
    assert (found.rows, found.matched) == (8, 7)
    (one,) = found.found()
    assert (one.service.name, one.days, one.people, one.requests, one.size) == ("Perplexity", 3, 6, 14, 70)
    assert (one.first_on, one.last_on, one.people_said) == (DAY, DAY + timedelta(days=5), "6")


def test_few_people_are_not_counted_out() -> None:
    (one,) = counted([("chat.deepseek.com", "", b"%d" % n, 0) for n in range(4)]).found()
    assert one.people_said == "fewer than 5"


@pytest.mark.parametrize(
    ("host", "app", "service"),
    [
        ("chat.openai.com", "", "openai"), ("api.openai.com", "", "openai"), ("notopenai.com", "", None),
        ("my.openai.azure.com", "", "azure-openai"), ("openai.com.evil.example", "", None), ("com", "", None),
        ("", "chatGPT ", "openai"), ("intranet.example", "Grammarly", "grammarly"), ("", "", None),
    ],
)  # fmt: skip
def test_a_host_stands_for_what_is_below_it_and_for_nothing_else(host, app, service) -> None:
    found = SERVICES.of(host, app)
    assert (found.id if found else None) == service


def test_tools_of_the_catalogue_are_known_by_host_or_name() -> None:
    tools = {
        "gpt": ("Our chat", "chat.openai.com"),
        "aide": ("Aide", "aide.example\n"),
        "deepl": ("DeepL", ""),
        "x": ("X", ""),
    }
    services, which = with_tools(ai_services(), tools)
    assert which == {"openai": "gpt", "tool-aide": "aide", "deepl": "deepl"}
    assert Services(services).of("eu.aide.example", "").name == "Aide"


def test_no_host_is_listed_twice() -> None:
    assert len(ai_services()) > 50
    one = b'[[service]]\nid = "a"\nname = "A"\nvendor = "A"\nkind = "writing"\nhosts = "|a.example|"\n'
    with pytest.raises(LibraryError, match=r"'a\.example' is listed for a already"):
        load_ai_services({"ai_services/x.toml": one + one.replace(b'"a"', b'"b"')})
    with pytest.raises(LibraryError, match="is not a host"):
        load_ai_services({"ai_services/x.toml": one.replace(b"a.example", b"https://A/")})
