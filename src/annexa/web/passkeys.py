"""What browsers and passkeys tell each other, on its way through a page: asked for, kept, answered."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST

from annexa.actions.second_factors import Site, ask_passkey, begin_passkey
from annexa.records.people import Person

STATE = "passkey"
"""Where the session keeps the challenge, until it is answered once."""
LONGEST = 20_000


def site_of(request: HttpRequest) -> Site:
    """Where passkeys made on this page are valid."""
    host = request.get_host()
    return Site(host=host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host,
                origin=f"{request.scheme}://{host}", name="Annexa")  # fmt: skip


@require_POST
def begin(request: HttpRequest, what: str) -> HttpResponse:
    """What the browser has to ask the passkey for: to make one, to prove one, or to sign in with one."""
    me = request.user if isinstance(request.user, Person) else None
    if what == "new" and me is not None:
        options, state = begin_passkey(me, site_of(request))
    elif what == "prove" and me is not None:
        options, state = ask_passkey(me, site_of(request))
    elif what == "sign-in":
        options, state = ask_passkey(None, site_of(request))
    else:
        return JsonResponse({}, status=403)
    return keep(request, options, state)


def keep(request: HttpRequest, options: dict[str, Any], state: Any) -> HttpResponse:
    """Keeps the challenge, and tells the browser."""
    request.session[STATE] = state
    return JsonResponse(options)


def kept_state(request: HttpRequest) -> Any:
    """The challenge that was kept; it counts once."""
    return request.session.pop(STATE, None)


def answered(request: HttpRequest) -> dict[str, Any]:
    """What the browser sent; {} if that is nothing of the kind."""
    text = request.POST.get("passkey", "")
    try:
        found = json.loads(text) if len(text) <= LONGEST else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


urls = [path("sign-in/passkey/<str:what>", begin, name="passkey-begin")]
