"""Two promises about changes: nobody overwrites what they have not seen, and nothing asked for twice is done twice."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse

from annexa.actions.kept_answers import begin_once, end_once, forget_once
from annexa.api.askers import who
from annexa.api.problems import GUARDED, ProblemError

KEPT_HEADERS = ("Content-Type", "ETag", "Location")


def tag_at(changed_at: datetime) -> str:
    """The entity tag of a record that says when it last changed."""
    return f'"{changed_at:%Y%m%dT%H%M%S.%f}"'


def tag_of(text: str) -> str:
    """The entity tag of something that is known by a text."""
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def ask_match(request: HttpRequest, tag: str) -> None:
    """Lets a change go on only if the asker saw this state. Raises ProblemError."""
    given = request.headers.get("If-Match", "").strip()
    if not given:
        raise ProblemError(428, "Send If-Match with the ETag of what you saw, so that nobody's change is lost.")
    request.META[GUARDED] = True
    if given != "*" and tag not in {one.strip() for one in given.split(",")}:
        raise ProblemError(412, "It is not as you saw it any more. Nothing was changed; look at it again.")


def not_modified(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """The answer itself, or 304 for who has it already. Gives every answer that was fine an entity tag."""
    if request.method != "GET" or answer.status_code != 200 or answer.streaming:
        return answer
    tag = answer.headers.get("ETag") or f'"{hashlib.sha256(answer.content).hexdigest()[:32]}"'
    answer.headers["ETag"] = tag
    given = {one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")}
    return HttpResponse(status=304, headers={"ETag": tag}) if tag in given else answer


def once(request: HttpRequest, do: Callable[[], HttpResponse], *, now: datetime) -> HttpResponse:
    """Does it, or answers as before if the same was asked under the same key within a day.

    What was refused or failed is not kept: nothing was done, so it may be tried again.
    """
    key = request.headers.get("Idempotency-Key", "")
    if request.method != "POST" or "Idempotency-Key" not in request.headers:
        return do()
    if not 0 < len(key) <= 200 or not all("!" <= c <= "~" for c in key):
        sentence = "A key has 1 to 200 letters, digits and signs, without spaces."
        raise ProblemError(422, sentence, errors=[("Idempotency-Key", sentence)])
    holder = who(request).actor.id
    kept = begin_once(holder=holder, key=key, request=_digest(request), now=now)
    if kept is not None:
        again = {**kept.headers, "Idempotency-Replayed": "true"}
        return HttpResponse(kept.body.encode(), status=kept.status, headers=again)
    try:
        answer = do()
    except BaseException:
        forget_once(holder=holder, key=key, now=now)
        raise
    if answer.status_code >= 400:
        forget_once(holder=holder, key=key, now=now)
        return answer
    headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    end_once(holder=holder, key=key, status=answer.status_code, headers=headers, body=answer.content.decode(), now=now)
    return answer


def _digest(request: HttpRequest) -> str:
    """A digest of all that is asked: method, address, body; of a form its fields and files, whatever parts them."""
    said = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type != "multipart/form-data":
        said.update(request.body)
        return said.hexdigest()
    for name in sorted(request.POST):
        said.update(f"{name}={request.POST.getlist(name)!r}\n".encode("utf-8", "replace"))
    for name in sorted(request.FILES):
        for file in request.FILES.getlist(name):
            inner = hashlib.sha256()
            for chunk in file.chunks():
                inner.update(chunk)
            file.seek(0)
            said.update(f"{name}: {file.name!r} {inner.hexdigest()}\n".encode("utf-8", "replace"))
    return said.hexdigest()
