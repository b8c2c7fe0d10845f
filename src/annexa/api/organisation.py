"""The organisation: its name, the frameworks it judges itself against; and who is asking."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from annexa.actions.organisation import choose_frameworks, the_organisation
from annexa.answers.errors import UnknownError
from annexa.answers.today import house
from annexa.api.askers import who
from annexa.api.guards import ask_match, tag_of
from annexa.api.operations import get, patch
from annexa.api.shapes import Because, Given, Instant, Shown, given, now, shown
from annexa.pure.proofs import rfc3339

router = Router(tags=["organisation"])


class Organisation(Shown):
    """The organisation and how much there is of what."""

    model_config = shown(
        name="Example Works",
        demo=False,
        frameworks=["iso42001-2023", "eu-ai-act"],
        systems=12,
        controls=164,
        entries=431,
    )

    name: str
    demo: bool
    frameworks: list[str]
    systems: int
    controls: int
    entries: int


class FrameworksChosen(Given):
    """Which frameworks the organisation judges itself against, in its own order."""

    model_config = given(frameworks=["iso42001-2023", "eu-ai-act", "nis2"], because="NIS 2 binds us from May")

    frameworks: Annotated[list[str], Field(max_length=100)]
    because: Because = ""


class Reach(Shown):
    """A further role, and where it counts: in these units, for these AI systems, or everywhere."""

    model_config = shown(role="owner", units=["Retail"], systems=[], everywhere=False)

    role: str
    units: list[str]
    systems: list[str]
    everywhere: bool


class Asker(Shown):
    """Who is asking, as the ledger will name them, and what they may do here.

    `role` counts everywhere, each of `grants` in its own part. `units`: slugs of those a token is narrowed to, null
    where it is not.
    """

    model_config = shown(
        actor="service/pipeline", name="Build pipeline (token Build upload)", role="owner",
        scopes=["add_evidence", "read"], expires_at="2027-03-01T23:59:59.999999Z", grants=[], units=None,
    )  # fmt: skip

    actor: str
    name: str
    role: str
    scopes: list[str] | None
    expires_at: Instant | None
    grants: list[Reach]
    units: list[str] | None


@get(router, "/me", Asker, may=("read", "revoke_token"))
def show_asker(request: HttpRequest) -> dict[str, Any]:
    """Show who is asking.

    `scopes` are those of the token; null in a session, which may do whatever the role may.
    """
    found = who(request)
    return {
        "actor": found.actor.id,
        "name": found.actor.name,
        "role": found.actor.role,
        "scopes": None if found.actor.scopes is None else sorted(found.actor.scopes),
        "expires_at": rfc3339(found.token.expires_at) if found.token else None,
        "grants": [
            {"role": one.role, "units": sorted(one.units), "systems": sorted(one.systems), "everywhere": one.everywhere}
            for one in found.actor.grants
        ],
        "units": (found.token.units or None) if found.token else None,
    }


@get(router, "/organisation", Organisation, errors=(404,))
def show_organisation(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Show the organisation."""
    response["ETag"], frameworks = _held()
    return _shown(request, frameworks)


@patch(router, "/organisation", Organisation, may=("choose_frameworks",))
def change_frameworks(request: HttpRequest, response: HttpResponse, body: FrameworksChosen) -> dict[str, Any]:
    """Choose the frameworks the organisation judges itself against."""
    ask_match(request, _held()[0])
    choose_frameworks(actor=who(request).actor, frameworks=body.frameworks, now=now(), because=body.because)
    response["ETag"], frameworks = _held()
    return _shown(request, frameworks)


def _held() -> tuple[str, list[str]]:
    """The tag of the organisation as it is, and its frameworks. Raises UnknownError."""
    found = the_organisation()
    if found is None:
        raise UnknownError("No organisation is set up here yet.")
    return tag_of(repr(found.state())), found.frameworks


def _shown(request: HttpRequest, frameworks: list[str]) -> dict[str, Any]:
    held = house(actor=who(request).actor)
    return {
        "name": held.name,
        "demo": held.demo,
        "frameworks": frameworks,
        "systems": held.systems,
        "controls": held.controls,
        "entries": held.entries,
    }
