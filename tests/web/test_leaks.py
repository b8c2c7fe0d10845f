"""What somebody may not know of is told nowhere: not on a page, in a file, in an answer of the API or in a header.

One AI system, with everything said about it, is hidden from everybody who reads a part. Each of them walks every
address of pages and API, with what is there and with what is hidden filled in.
"""

import io
import re
import zipfile
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from annexa.api.spec import document, operations
from annexa.records.people import Person
from annexa.urls import urlpatterns
from tests.personas import HIDDEN, LIMITED, Cast
from tests.web.test_access import THERE, addresses, filled

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
UNIT_TOKEN = "unit token"
MORE = {
    "search": ("q=vault", "q=plan", "q=keeper", "q=LIF-03"),
    "systems": ("q=vault", "unit=Vaults", "sort=changed", "unowned=true"),
    "systems/export": ("format=csv", "format=json", "format=xlsx"),
    "portfolio": tuple(f"by={by}" for by in ("risk", "unit", "stage", "owner", "supplier")),
    "ledger": ("q=vault", "kind=evidence", "q=keeper"),
    "ledger/entries": ("kind=evidence", "kind=ai_system", "kind=grant", "kind=ownership", "limit=200"),
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
}  # fmt: skip
"""What else is asked of some addresses: what would find the hidden system, if anything did."""


def pages(there: dict[str, str]) -> Iterator[str]:
    """Every address of the pages, then of the API, filled in; and some with a question."""
    found = [filled(pattern, there) for _, pattern in addresses(urlpatterns)]
    for method, address, _ in operations(document()):
        if method == "GET":
            found.append(re.sub(r"\{(\w+)\}", lambda gap: there[gap[1]], address))
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
    client, gives_away, there = asking(cast, persona), tells(cast), {**THERE, **cast.there}
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
        "/systems", "/systems/export", "/ledger", "/search?q=vault", "/portfolio?by=owner", "/api/v1/systems",
        "/api/v1/evidence", "/api/v1/judgements", "/api/v1/grants", "/api/v1/ledger/entries", "/controls/LIF-03",
        f"/api/v1/people/{here.hidden['person']}",
    ):  # fmt: skip
        assert address in found, address
    assert len(found) > 30


@pytest.mark.parametrize("persona", [*LIMITED, UNIT_TOKEN])
def test_what_is_hidden_answers_like_what_is_not_there(here, persona) -> None:
    """Rule: nobody learns that something is there from how it is refused."""
    client = asking(here, persona)
    of_it = {name: here.hidden[name] for name in ("slug", "scope", "evidence", "judgement", "task", "grant")}
    nothing = {name: "nothing-at-all" if name in {"slug", "scope"} else "0" * len(of_it[name]) for name in of_it}
    there = {**THERE, **here.there}
    hidden, absent = (list(pages({**there, **one})) for one in (of_it, nothing))
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


def plain(text: str) -> str:
    """What is said, without what is another word each time: tokens against forgery, ids of requests, lengths."""
    text = re.sub(r"csrf[^\n]{0,40}?[\"':=\s]+[A-Za-z0-9]{32,64}", "", text, flags=re.IGNORECASE)
    return re.sub(r"'(?:ETag|Content-Length|X-Request-ID)': '[^']*'", "", text)


@pytest.mark.parametrize("persona", ["reader"])
def test_from_outside_nobody_is_known_who_owns_what_is_hidden(here, persona) -> None:
    """Rule: who comes from outside sees nobody but themselves and who has to do with what was shared with them."""
    keeper = Person.objects.get(email="zuri@example.org")
    client = asking(here, persona)
    found = [one for one in pages({**THERE, **here.there}) if re.search("Zuri|zuri@", told(client, one)[1])]
    assert (found, keeper.name) == ([], "Zuri Keeper")
