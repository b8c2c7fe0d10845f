"""The stop switch of an AI system for programs: asked every few seconds, or kept waiting until it changes."""

import time
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Annotated, Any, Literal

from django.db import close_old_connections, connection
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.stop_switch import pull_stop, release_stop
from annexa.answers.stop_switch import stop_switch, switch_page
from annexa.api.askers import only_people, who
from annexa.api.operations import get, post
from annexa.api.shapes import Given, Instant, Shown, Text, given, now, shown
from annexa.pure.proofs import rfc3339
from annexa.pure.stop_switch import LONGEST_WAIT, POLL_SECONDS, Switch

router = Router(tags=["human oversight"])
_person = only_people("People stop AI systems and let them go on; a program asks whether it may go on.")
MOST_WAITING = 1
"""Questions of a server process that are kept waiting at once. It has few threads; the others answer everybody else."""
LOOK_EVERY_SECONDS = 0.5
WAITING = BoundedSemaphore(MOST_WAITING)
Slug = Annotated[str, Field(max_length=80)]
ANSWER: dict[str, Any] = {
    "system": "loan-scorer", "stopped": True, "number": 2, "since": "2026-11-20T09:40:00Z",
    "because": "It refuses everybody", "if_unreachable": "stop", "poll_seconds": 10,
}  # fmt: skip


class SwitchShown(Shown):
    """Whether a system is stopped, and since when; `number`: how often it was. `if_unreachable`: what it does while it
    cannot ask: stop, or go on. It asks again after `poll_seconds` at the latest."""

    model_config = shown(**ANSWER)

    system: str
    stopped: bool
    number: int
    since: Instant | None
    because: str
    if_unreachable: Literal["stop", "continue"]
    poll_seconds: int


class StopGiven(Given):
    """Why it is stopped; whoever runs the system reads it."""

    model_config = given(because="It refuses everybody")

    because: Text


class ReleaseGiven(Given):
    """A step towards the release, with its reason: who asked does not release."""

    model_config = given(step="asked", because="Version 3 is back")

    step: Literal["asked", "released", "refused"]
    because: Text


Wait = Annotated[
    int,
    Query(
        default=0,
        ge=0,
        le=LONGEST_WAIT,
        description="Seconds to wait for a change, with If-None-Match; if too many wait, the answer comes at once.",
    ),
]


@get(router, "/systems/{slug}/stop-switch", SwitchShown, errors=(404,), may=("read_stop_switch", "read", "post_case"))
def show_stop_switch(request: HttpRequest, response: HttpResponse, slug: Slug, wait: Wait) -> dict[str, Any]:
    """Ask whether a system is stopped: 304 as long as nothing changed since the ETag you know."""
    actor = who(request).actor

    def look() -> Switch:
        return stop_switch(actor=actor, system=slug)

    found = look()
    if wait and f'"{found.tag}"' in request.headers.get("If-None-Match", ""):
        found = wait_for_change(look, found, seconds=wait)
    response["ETag"] = f'"{found.tag}"'
    response["Cache-Control"] = "no-cache"
    return _shown(found)


def wait_for_change(
    look: Callable[[], Switch],
    known: Switch,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Switch:
    """The switch as soon as it is not as it was known, or after so many seconds; at once where others wait already."""
    if not WAITING.acquire(blocking=False):
        return known
    try:
        last = clock() + seconds
        found = known
        while found.tag == known.tag and (left := last - clock()) > 0:
            sleep(min(LOOK_EVERY_SECONDS, left))
            if not connection.in_atomic_block:
                close_old_connections()
            found = look()
        return found
    finally:
        WAITING.release()


@post(router, "/systems/{slug}/stops", SwitchShown, may=("pull_stop",), reads=True)
def stop_a_system(request: HttpRequest, slug: Slug, body: StopGiven) -> dict[str, Any]:
    """Pull the stop switch, at once. Only people can."""
    asks = who(request)
    pull_stop(actor=asks.actor, person=_person(asks), system=slug, because=body.because, now=now())
    return _shown(switch_page(actor=asks.actor, system=slug).switch)


@post(router, "/systems/{slug}/releases", SwitchShown, may=("release_stop",), reads=True)
def release_a_system(request: HttpRequest, slug: Slug, body: ReleaseGiven) -> dict[str, Any]:
    """Ask for the release of a stop, release it after somebody else asked, or refuse to. Only people can."""
    asks = who(request)
    release_stop(actor=asks.actor, person=_person(asks), system=slug, step=body.step, because=body.because, now=now())
    return _shown(switch_page(actor=asks.actor, system=slug).switch)


def _shown(found: Switch) -> dict[str, Any]:
    return {
        "system": found.system,
        "stopped": found.stopped,
        "number": found.number,
        "since": rfc3339(found.since) if found.since else None,
        "because": found.because,
        "if_unreachable": found.if_unreachable,
        "poll_seconds": POLL_SECONDS,
    }
