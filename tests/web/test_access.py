"""Who gets what answer: every address of the pages, looked at and sent an empty form, by everybody who may come.

The table is in access.txt. Who is not signed in is sent to the sign-in page (302). Who is let in gets the page (200),
is told that something is missing (422), or sent on (302, 303); a form that needs nothing does what it says, and is
taken back here. Who is not let in is told so (403), or that it is not there (404). What is asked about is an AI system
of the unit Retail and what belongs to it. The API has a table of its own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern
from django.urls.resolvers import RoutePattern

from annexa.urls import urlpatterns
from tests.kept import kept
from tests.personas import Cast, undone

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).with_name("access.txt")
WHO = (
    "stranger", "member", "reader", "elsewhere", "unit owner", "guest auditor", "auditor", "owner", "lead",
    "administrator",
)  # fmt: skip
THERE = {
    "name": "none", "upload": "none", "form": "none.csv", "source": "iso27001-2013", "target": "iso27001-2022",
    "regime": "eu-ai-act", "questionnaire": "none", "policy": "none", "course": "line-managers", "scenario": "none",
    "gate": "none", "classification": "eu-ai-act", "review": "none", "decision": "none", "line": "none:1",
    "session": "none", "factor": "none", "provider": "none", "provider_id": "none", "organization_slug": "none",
    "what": "none", "sent": "none", "secret": "none", "section": "none", "proposal": "none",
    "use": "none", "find": "none", "place": "systems", "view": "none", "supplier": "none",
    "question": "none", "case": "none", "monitor": "errors", "breach": "none",
    "leaf": "none", "sample": "none", "hold": "none", "erasure": "none",
}  # fmt: skip
"""What addresses of the library and of files are filled in with; the rest is about the AI system."""


def addresses(patterns: list[URLPattern]) -> Iterator[tuple[str, URLPattern]]:
    """Every address as written, but for the API and SCIM, which have many operations and tests of their own."""
    for pattern in patterns:
        assert isinstance(pattern, URLPattern), f"{pattern} holds others; walk them, too"
        if pattern.name != "api" and isinstance(pattern.pattern, RoutePattern):
            yield str(pattern.pattern), pattern


def filled(pattern: URLPattern, there: dict[str, str]) -> str:
    """The address with something in every gap. A new gap has to be given something here: KeyError."""
    said = str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        kind = next(word for word in ("str", "slug", "int", "path", "register") if f"<{word}:{name}>" in said)
        value = there[name]
        assert converter.to_url(converter.to_python(value)) == value
        said = said.replace(f"<{kind}:{name}>", value)
    return f"/{said}"


def everything(cast: Cast) -> dict[str, str]:
    """What every gap of an address is filled in with."""
    return {**THERE, **cast.there, "person_id": cast.there["person"]}


def answers(cast: Cast) -> list[str]:
    """The table as it is."""
    there = everything(cast)
    lines = []
    for said, pattern in sorted(addresses(urlpatterns), key=lambda one: one[0]):
        address = filled(pattern, there)
        for method in ("GET", "POST"):
            statuses = []
            for persona in WHO:
                with undone():
                    statuses.append(cast.client(persona).generic(method, address).status_code)
            lines.append(f"{method:4} /{said:60} {' '.join(map(str, statuses))}")
    return lines


def rows() -> list[tuple[str, str, dict[str, str]]]:
    """Method, address and status by persona of every line of the table."""
    lines = [line.split() for line in TABLE.read_text(encoding="utf-8").splitlines()[2:]]
    return [(method, address, dict(zip(WHO, told, strict=True))) for method, address, *told in lines]


@pytest.mark.slow
def test_everybody_gets_what_the_table_says(here) -> None:
    """Rule: a change of who may see and do what is seen in review; a new address has to have its lines."""
    found = answers(here)
    print(f"{len(found) // 2} addresses, {len(found) * len(WHO)} cells")
    assert found == kept(TABLE, found)


OPEN = ("/static/", "/healthz", "/readyz", "/metrics", "/welcome/", "/enter/", "/questionnaire/", "/sign-in", "/style")
"""Where somebody may come who is not signed in, or where nothing but a look is to be had."""


def test_the_table_lets_nobody_in_by_mistake() -> None:
    """Rule: a stranger is sent to sign in; who has no grant sees nothing but their own; nothing fails."""
    for method, address, told in rows():
        line = f"{method} {address} {told}"
        assert not any(status.startswith("5") for status in told.values()), line
        assert told["stranger"] in {"302", "404", "405"} or address.startswith(OPEN), line


OWN = (
    "/", "/mail", "/password", "/sign-in", "/tokens", "/style", "/healthz", "/readyz", "/metrics",
    "/frameworks/library",
    "/account/again", "/account/sessions", "/account/second-factors", "/account/second-factors/app",
    "/account/second-factors/passkey", "/people", "/people/<int:person_id>", "/uses/ask", "/uses/requests",
    "/tools/catalogue", "/reading", "/training", "/courses/<str:course>",
)  # fmt: skip
"""What somebody without any grant gets to see: their own, and what holds nothing of the organisation's records."""


def test_who_has_no_grant_sees_nothing() -> None:
    for method, address, told in rows():
        assert told["member"] != "200" or address in OWN, f"{method} {address} {told}"


def test_the_table_keeps_parts_apart() -> None:
    """Rule: what belongs to an AI system is not there for who does not see it, whatever they send."""
    parts = (
        "/systems/<slug:slug>", "/<register:register>/<slug:record>", "/assessments/<", "/evidence/", "/judgements/",
        "/tasks/<", "/ledger/<",
    )  # fmt: skip
    seen = 0
    for method, address, told in rows():
        if address.startswith(parts) and told["unit owner"] == "200":
            seen += 1
            assert told["elsewhere"] == told["member"] == "404", f"{method} {address} {told}"
    assert seen > 5
