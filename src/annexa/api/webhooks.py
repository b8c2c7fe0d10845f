"""Webhooks: who is told of new entries in the ledger, and what was sent."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from annexa.actions.webhooks import add_webhook, end_webhook
from annexa.answers.errors import UnknownError
from annexa.answers.runs import run_of
from annexa.answers.webhooks import deliveries_of, list_webhooks, secret_of
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import (
    Because,
    Cursor,
    Given,
    Instant,
    Limit,
    Shown,
    after_of,
    cursor_of,
    given,
    now,
    position_of,
    shown,
)
from annexa.pure.proofs import rfc3339
from annexa.pure.webhooks import secret_text

router = Router(tags=["webhooks"])
EXAMPLE: dict[str, Any] = {
    "id": "2c9d1e0b7f6a4d3c8b2a1f0e9d8c7b6a", "url": "https://example.org/hooks/annexa", "kinds": ["evidence"],
    "created_at": "2026-11-20T09:40:00Z", "ended": False,
}  # fmt: skip
SENT: dict[str, Any] = {
    "position": 431, "tries": 1, "arrived_at": "2026-11-20T09:40:01Z", "next_at": None, "answer": "answered 204",
}  # fmt: skip


class Webhook(Shown):
    """A receiver of some kinds of entries."""

    model_config = shown(**EXAMPLE)

    id: str
    url: str
    kinds: list[str]
    created_at: Instant
    ended: bool


class Webhooks(Shown):
    """A part of the receivers."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[Webhook]
    next: str | None


class WebhookMade(Webhook):
    """A new receiver, with the secret its messages are signed with. It is shown only now."""

    model_config = shown(**EXAMPLE, secret="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")  # noqa: S106  an example

    secret: str


class WebhookGiven(Given):
    """Whom to tell of which kinds of entries."""

    model_config = given(
        url="https://example.org/hooks/annexa", kinds=["evidence", "judgement"], because="For the chat"
    )

    url: Annotated[str, Field(max_length=2_000)]
    kinds: Annotated[list[str], Field(max_length=50)]
    because: Because = ""


class ReceiverEndGiven(Given):
    """Why a receiver is told nothing any more."""

    model_config = given(because="The chat has moved")

    because: Because = ""


class Delivery(Shown):
    """One entry on its way. `next_at`: when it is tried again; null once it arrived or was given up."""

    model_config = shown(**SENT)

    position: int
    tries: int
    arrived_at: Instant | None
    next_at: Instant | None
    answer: str


class Deliveries(Shown):
    """A part of what was sent to a receiver, the latest entry first."""

    model_config = shown(items=[SENT], next=None)

    items: list[Delivery]
    next: str | None


@get(router, "/webhooks", Webhooks)
def list_receivers(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List who is told of new entries."""
    rows = list_webhooks(actor=who(request).actor)
    run = run_of(rows, lambda one: one.webhook.id, after=after_of(cursor), limit=limit)
    return {"items": [_shown(one.webhook, ended=one.ended) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/webhooks", WebhookMade, may=("manage_webhooks",))
def add_receiver(request: HttpRequest, response: HttpResponse, body: WebhookGiven) -> dict[str, Any]:
    """Have a receiver told of new entries of some kinds.

    Each message is signed as Standard Webhooks has it, carries the entry's header only, and is tried for three days.
    """
    asks = who(request)
    made = add_webhook(
        actor=asks.actor, person=asks.person, url=body.url, kinds=body.kinds, because=body.because, now=now()
    )
    response["Location"] = f"/api/v1/webhooks/{made.id}"
    return {**_shown(made, ended=False), "secret": secret_text(secret_of(made.id))}


@get(router, "/webhooks/{webhook}", Webhook, errors=(404,))
def show_receiver(request: HttpRequest, webhook: str) -> dict[str, Any]:
    """Show one receiver."""
    found = next((one for one in list_webhooks(actor=who(request).actor) if one.webhook.id == webhook), None)
    if found is None:
        raise UnknownError(f"There is no webhook {webhook!r}.")
    return _shown(found.webhook, ended=found.ended)


@post(router, "/webhooks/{webhook}/end", Webhook, may=("manage_webhooks",))
def end_receiver(request: HttpRequest, response: HttpResponse, webhook: str, body: ReceiverEndGiven) -> dict[str, Any]:
    """Tell a receiver nothing any more."""
    asks = who(request)
    made = end_webhook(actor=asks.actor, person=asks.person, webhook=webhook, because=body.because, now=now())
    response["Location"] = f"/api/v1/webhooks/{webhook}"
    return _shown(made.webhook, ended=True)


@get(router, "/webhooks/{webhook}/deliveries", Deliveries, errors=(404,))
def list_deliveries(request: HttpRequest, webhook: str, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List what was sent to a receiver, and what was answered."""
    found = deliveries_of(actor=who(request).actor, webhook=webhook, before=position_of(cursor), limit=limit)
    more = len(found) > limit
    return {
        "items": [
            {
                "position": one.position,
                "tries": one.tries,
                "arrived_at": rfc3339(one.arrived_at),
                "next_at": rfc3339(one.next_at),
                "answer": one.answer,
            }
            for one in found[:limit]
        ],
        "next": cursor_of((str(found[limit - 1].position), "")) if more else None,
    }


def _shown(webhook: Any, *, ended: bool) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "kinds": webhook.kinds,
        "created_at": rfc3339(webhook.created_at),
        "ended": ended,
    }
