"""Events that nobody knows whose they are, for programs: by who sends them, and given to an AI system."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from annexa.actions.activity_sources import assign_activity
from annexa.answers.activity import quarantined
from annexa.answers.activity_parts import instant
from annexa.api.activity_shapes import Slug, Word
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import Given, Instant, Shown, Text, given, now, shown
from annexa.api.whole import require_whole
from annexa.pure.activity_sources import ENVIRONMENT, SERVICE
from annexa.pure.proofs import rfc3339

router = Router(tags=["activity sources"])
HERE = "/activity/quarantine"
GROUP: dict[str, Any] = {
    "source": "gateway", "service": "kiosk", "environment": "", "events": 212, "attribute": "service.name",
    "value": "kiosk", "first_at": "2026-11-19T07:12:00Z", "last_at": "2026-11-20T09:40:00Z",
}  # fmt: skip


class QuarantineGroup(Shown):
    """Events of nobody that one source sends with one service and environment. `attribute`, `value`: what to send to
    give them to a system; empty where they say neither."""

    model_config = shown(**GROUP)

    source: str
    service: str
    environment: str
    events: int
    attribute: Literal["service.name", "deployment.environment.name", ""]
    value: str
    first_at: Instant
    last_at: Instant


class QuarantineShown(Shown):
    """What waits in quarantine, the largest group first."""

    model_config = shown(events=212, groups=[GROUP])

    events: int
    groups: list[QuarantineGroup]


class AssignmentGiven(Given):
    """Whose the events are that a source sends with an attribute. `earlier`: what is there counts as the system's, too;
    the events stay as they came."""

    model_config = given(source="gateway", attribute="service.name", value="kiosk", system="chatbot", earlier=True,
                         because="It is the kiosk in Lyon")  # fmt: skip

    source: Annotated[str, Field(max_length=60)]
    attribute: Literal["service.name", "deployment.environment.name"]
    value: Word
    system: Slug
    earlier: bool = True
    because: Text


class AssignmentShown(Shown):
    """What came of it: how many events count as the system's now, and whether a rule was added for what comes."""

    model_config = shown(source="gateway", system="chatbot", events=212, rule_added=True)

    source: str
    system: str
    events: int
    rule_added: bool


@get(router, HERE, QuarantineShown, errors=(404,))
def show_quarantine(request: HttpRequest) -> dict[str, Any]:
    """Show what is nobody's, by who sends it. For who reads the whole organisation."""
    require_whole(who(request).actor)
    groups = quarantined()
    return {"events": sum(one.events for one in groups), "groups": [_group(one) for one in groups]}


@post(router, f"{HERE}/assignments", AssignmentShown, may=("change_activity_source",), reads=True)
def give_events_to_a_system(request: HttpRequest, body: AssignmentGiven) -> dict[str, Any]:
    """Say whose the events of a sender are that were nobody's. 409 where that is so already and nothing waits."""
    asks = who(request)
    rules, assigned = assign_activity(actor=asks.actor, person=asks.person, now=now(), **body.model_dump())
    return {
        "source": body.source,
        "system": body.system,
        "events": assigned.events if assigned else 0,
        "rule_added": rules is not None,
    }


def _group(one: Any) -> dict[str, Any]:
    source, service, environment = one.values
    attribute, value = (SERVICE, service) if service else (ENVIRONMENT, environment)
    return {
        "source": source,
        "service": service,
        "environment": environment,
        "events": one.events,
        "attribute": attribute if value else "",
        "value": value,
        "first_at": rfc3339(instant(one.first)),
        "last_at": rfc3339(instant(one.last)),
    }
