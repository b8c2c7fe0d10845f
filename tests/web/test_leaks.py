"""What somebody may not know of is told nowhere: not on a page, in a file, in an answer of the API or in a header.

One AI system, with everything said about it, is hidden from everybody who reads a part. Each of them walks every
address of pages and API, with what is there and with what is hidden filled in.
"""

import functools
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from annexa.api.spec import document, operations
from annexa.pure.registers import REGISTERS
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.urls import urlpatterns
from tests.personas import HIDDEN, LIMITED, Cast
from tests.web.test_access import addresses, everything, filled

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
UNIT_TOKEN = "unit token"
MORE = {
    "search": ("q=vault", "q=plan", "q=keeper", "q=LIF-03"),
    "systems": ("q=vault", "unit=Vaults", "sort=changed", "unowned=true"),
    "systems/export": ("format=csv", "format=json", "format=xlsx"),
    "portfolio": tuple(f"by={by}" for by in ("risk", "unit", "stage", "owner", "supplier")),
    "ledger": ("q=vault", "kind=evidence", "q=keeper"),
    "ledger/entries": ("kind=evidence", "kind=systems", "kind=people", "kind=decisions", "limit=200"),
    "tasks": ("of=all", "whose=all", "show=all"),
    "tasks.csv": ("of=all", "whose=all"),
    "tasks.ics": ("of=all", "whose=all"),
    "path": ("framework=eu-ai-act", "framework=iso42001-2023&limit=50"),
    "path/gaps": ("of=all", "of=all&page=2"),
    "gaps": ("framework=eu-ai-act", "limit=200"),
    "controls": ("q=LIF", "limit=200", "verdict=unproven"),
    "posture": ("framework=eu-ai-act", "scope=chatbot"),
    "explain": (
        "framework=iso42001-2023&requirement=A.6.2.4", "framework=eu-ai-act&requirement=Art.15&scope=chatbot",
    ),
    "frameworks/iso42001-2023/proof": ("requirement=A.6.2.4",),
    "frameworks/eu-ai-act": ("scope=chatbot", "view=list"),
    "evidence": ("control=LIF-03", "limit=200"),
    "judgements": ("limit=200", "standing=true"),
    "grants": ("limit=200", "counting=true"),
    "people": ("limit=200",),
    "raci": ("of=controls&limit=200",),
    "obligations": ("regime=eu-ai-act",),
    "what-if": ("suppose=system-retired&system=chatbot", "kind=supplier-lost"),
    **{one.plural: ("q=vault", "ended=true&limit=200", "sort=changed") for one in REGISTERS.values()},
    **{f"{one.plural}/export": ("format=csv", "format=json", "format=xlsx") for one in REGISTERS.values()},
}  # fmt: skip
"""What else is asked of some addresses: what would find the hidden system, if anything did."""


ASKED = (
    "/api/v1/posture?scope={slug}", "/api/v1/explain?framework=eu-ai-act&requirement=Art.15&scope={slug}",
    "/api/v1/controls?scope={slug}", "/api/v1/controls/LIF-03?scope={slug}", "/api/v1/evidence?scope={slug}",
    "/api/v1/judgements?scope={slug}", "/api/v1/search?q={slug}", "/api/v1/systems?q={slug}",
    "/api/v1/ledger/entries?subject=ai_system/{slug}", "/api/v1/evidence?sha256={digest}",
    "/frameworks/eu-ai-act?scope={slug}", "/frameworks/eu-ai-act/proof?requirement=Art.15&scope={slug}",
    "/frameworks/eu-ai-act/requirements/Art.15?scope={slug}", "/frameworks/eu-ai-act/over-time?scope={slug}",
    "/controls/LIF-03?scope={slug}", "/what-if?scope={slug}", "/what-if?suppose=system-retired:{slug}",
    "/what-if?kind=system-retired&system={slug}", "/search?q={slug}", "/systems?q={slug}", "/ledger?q={slug}",
    "/ledger?q={digest}",
)  # fmt: skip
"""Questions that name what is hidden."""
SENT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PATCH", "systems/{slug}", {"purpose": "x"}),
    ("POST", "controls/LIF-03/declarations", {"state": "implemented", "scope": "{slug}"}),
    ("POST", "evidence/statements",
     {"control": "AIM-02", "expectation": "classification-reviewed", "scope": "{slug}", "statement": "x"}),
    ("POST", "judgements", {"kind": "minor nonconformity", "subject": "LIF-03", "scope": "{slug}", "because": "x"}),
    ("POST", "judgements/{judgement}/closure", {"because": "x"}),
    ("POST", "classification/{slug}/eu-ai-act/answers", {"answers": {"form": "system"}}),
    ("POST", "classification/{slug}/eu-ai-act/review", {}),
    ("POST", "grants", {"holder": "person/1", "role": "reader", "system": "{slug}", "because": "x"}),
    ("POST", "grants/{grant}/end", {"because": "x"}),
    ("PATCH", "assets/{slug}", {"location": "x"}),
    ("POST", "assets/bulk", {"slugs": ["{slug}"], "values": {"location": "x"}}),
)  # fmt: skip
"""Changes of what is hidden."""


@functools.cache
def read_by_programs() -> tuple[str, ...]:
    """The addresses of the API that can be read."""
    return tuple(address for method, address, _ in operations(document()) if method == "GET")


def pages(there: dict[str, str]) -> Iterator[str]:
    """Every address of the pages, then of the API, filled in; and some with a question."""
    found = [filled(pattern, there) for _, pattern in addresses(urlpatterns)]
    found += [re.sub(r"\{(\w+)\}", lambda gap: there[gap[1]], address) for address in read_by_programs()]
    for framework in ("iso42001-2023", "eu-ai-act"):
        found += [filled(p, {**there, "framework": framework}) for s, p in addresses(urlpatterns) if "framework>" in s]
    for address in dict.fromkeys(found):
        yield address
        name = address.removeprefix("/api/v1").strip("/")
        yield from (f"{address}?{question}" for question in MORE.get(name, ()))


def asking(cast: Cast, persona: str) -> Client:
    """A browser of the persona, or what comes with the token of one unit; who nobody is would learn nothing anyway."""
    token = {"Authorization": f"Bearer {cast.unit_token}"}
    client = Client(headers=token) if persona == UNIT_TOKEN else cast.client(persona)
    assert client.get("/api/v1/me").status_code == 200
    return client


def told(client: Client, address: str) -> tuple[int, str]:
    """The status, and everything that is said: headers, body, and what is packed into a body."""
    cache.clear()
    found = client.get(address)
    body = b"".join(found.streaming_content) if found.streaming else found.content
    if body.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            body = b"\n".join(packed.read(name) for name in packed.namelist())
    return found.status_code, f"{found.headers}\n{body.decode('utf-8', 'replace')}"


def tells(cast: Cast) -> re.Pattern[str]:
    """Whatever gives the hidden system away: its names, and the ids and digest of what belongs to it."""
    ids = [cast.hidden[name] for name in ("evidence", "judgement", "task", "grant")]
    return re.compile("|".join([HIDDEN, cast.hidden_digest, *ids]), re.IGNORECASE)


def walked(cast: Cast, persona: str) -> dict[str, str]:
    """The addresses where something is given away, with the words around it."""
    client, gives_away, there = asking(cast, persona), tells(cast), everything(cast)
    found, count = {}, 0
    for address in dict.fromkeys([*pages(there), *pages({**there, "person": cast.hidden["person"]})]):
        count += 1
        status, text = told(client, address)
        if status >= 500 and not address.startswith("/readyz"):
            found[address] = f"failed with {status}"
        elif match := gives_away.search(text):
            found[address] = text[max(0, match.start() - 80) : match.end() + 80]
    print(f"{persona}: {count} addresses")
    return found


@pytest.mark.parametrize("persona", [*LIMITED, UNIT_TOKEN])
def test_nothing_hidden_is_told(here, persona) -> None:
    """Rule: neither name nor slug of a hidden AI system, nor anything that belongs to it, is in any answer."""
    assert walked(here, persona) == {}


def test_it_would_be_found(here) -> None:
    """Rule: this test can fail: who sees everything meets the hidden system wherever it matters."""
    found = walked(here, "auditor")
    for address in (
        "/systems", "/systems/export", "/search?q=vault", "/portfolio?by=owner", "/api/v1/systems",
        "/api/v1/evidence", "/api/v1/judgements", "/api/v1/grants", "/api/v1/assets", "/api/v1/assets/chatbot/history",
        "/api/v1/ledger/entries?kind=systems", "/controls/LIF-03",
        f"/api/v1/people/{here.hidden['person']}",
    ):  # fmt: skip
        assert address in found, address
    assert len(found) > 30


@pytest.mark.parametrize("persona", [*LIMITED, UNIT_TOKEN])
def test_what_is_hidden_answers_like_what_is_not_there(here, persona) -> None:
    """Rule: nobody learns that something is there from how it is refused."""
    client = asking(here, persona)
    of_it, nothing = both(here)
    there = everything(here)
    hidden, absent = (list(pages({**there, **one, "scope": one["slug"]})) for one in (of_it, nothing))
    count = 0
    for address, other in zip(hidden, absent, strict=True):
        if address == other:
            continue
        count += 1
        (status, text), (expected, said) = told(client, address), told(client, other)
        assert status == expected, address
        for name in of_it:
            text, said = text.replace(of_it[name], "…"), said.replace(nothing[name], "…")
        assert plain(text) == plain(said), address
    assert count >= 15


def both(cast: Cast) -> tuple[dict[str, str], dict[str, str]]:
    """What is hidden, and what is not there at all, of the same form."""
    of_it = {name: cast.hidden[name] for name in ("slug", "evidence", "judgement", "task", "grant")}
    of_it["digest"] = cast.hidden_digest
    nothing = {name: "0" * len(word) for name, word in of_it.items()}
    return of_it, {**nothing, "slug": "nothing-at-all", "digest": "1" * len(of_it["digest"])}


def with_words(what: Any, words: dict[str, str]) -> Any:
    """A text, or the values of a body, with the words in their places."""
    if isinstance(what, dict):
        return {name: with_words(value, words) for name, value in what.items()}
    return re.sub(r"\{(\w+)\}", lambda gap: words[gap[1]], what) if isinstance(what, str) else what


@pytest.mark.parametrize("persona", [*LIMITED, UNIT_TOKEN])
def test_questions_about_it_are_answered_as_about_nothing(here, persona) -> None:
    """Rule: the same, whatever asks for it by name."""
    client = asking(here, persona)
    of_it, nothing = both(here)
    for question in ASKED:
        (status, text), (expected, said) = (told(client, with_words(question, one)) for one in (of_it, nothing))
        for name in of_it:
            text, said = (one.replace(word[name], "…") for one, word in ((text, of_it), (said, nothing)))
        assert status == expected, question
        assert plain(text) == plain(said), question


@pytest.mark.parametrize("persona", [*LIMITED, UNIT_TOKEN])
def test_changes_of_it_are_refused_as_of_nothing(here, persona) -> None:
    """Rule: nobody changes what they may not know of, nor learns from the refusal that it is there."""
    client = asking(here, persona)
    of_it, nothing = both(here)
    size = LedgerEntry.objects.count()
    for method, address, body in SENT:
        answers = []
        for words in (of_it, nothing):
            cache.clear()
            said = client.generic(
                method, f"/api/v1/{with_words(address, words)}", json.dumps(with_words(body, words)),
                content_type="application/json", headers={"If-Match": "*"},
            )  # fmt: skip
            text = said.content.decode()
            for name in of_it:
                text = text.replace(words[name], "…")
            answers.append((said.status_code, text))
        assert answers[0] == answers[1], address
        assert answers[0][0] in {403, 404, 422}, address
    assert LedgerEntry.objects.count() == size


def plain(text: str) -> str:
    """What is said, without what is another word each time: tokens against forgery, ids of requests, lengths, ages."""
    text = re.sub(r">(just now|\d+ \w+ ago)<", "><", text)
    text = re.sub(r"csrf[^\n]{0,40}?[\"':=\s]+[A-Za-z0-9]{32,64}", "", text, flags=re.IGNORECASE)
    return re.sub(r"'(?:ETag|Content-Length|X-Request-ID)': '[^']*'", "", text)


@pytest.mark.parametrize("persona", ["reader"])
def test_from_outside_nobody_is_known_who_owns_what_is_hidden(here, persona) -> None:
    """Rule: who comes from outside sees nobody but themselves and who has to do with what was shared with them."""
    keeper = Person.objects.get(email="zuri@example.org")
    client = asking(here, persona)
    found = [one for one in pages(everything(here)) if re.search("Zuri|zuri@", told(client, one)[1])]
    assert (found, keeper.name) == ([], "Zuri Keeper")
