"""How an operation is declared: its verb and address, who may use it, what it answers, and what can go wrong."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ninja import Router

from annexa.api.askers import Scoped
from annexa.pure.permits import IMPLIED, SCOPES

F = TypeVar("F", bound=Callable[..., Any])
ALWAYS = (401, 403, 422, 429, 500, 503)
"""What every operation can answer with."""


def get(
    router: Router, path: str, shape: Any, *, errors: Iterable[int] = (), may: tuple[str, ...] = ("read",)
) -> Callable[[F], F]:
    """Shows something to who may read, or do one of these."""
    return _operation(router, "GET", path, shape, status=200, may=may, errors=errors)


def post(
    router: Router,
    path: str,
    shape: Any,
    *,
    may: tuple[str, ...],
    status: int = 201,
    reads: bool = False,
    guarded: bool = False,
    repeats: bool = True,
) -> Callable[[F], F]:
    """Makes something; with an Idempotency-Key once however often it is sent, unless its answer holds what nobody may
    keep (`repeats`). `guarded`: it asks for If-Match."""
    errors = {400, 404, 409, 413, 415, *({412, 428} if guarded else ())}
    return _operation(
        router,
        "POST",
        path,
        shape,
        status=status,
        may=may,
        errors=errors,
        repeats=repeats,
        reads=reads,
        guarded=guarded,
    )


def patch(router: Router, path: str, shape: Any, *, may: tuple[str, ...]) -> Callable[[F], F]:
    """Changes something, as long as it is what the asker saw."""
    errors = {400, 404, 412, 413, 415, 428}
    return _operation(router, "PATCH", path, shape, status=200, may=may, errors=errors, reads=True, guarded=True)


def _operation(
    router: Router,
    method: str,
    path: str,
    shape: Any,
    *,
    status: int,
    may: tuple[str, ...],
    errors: Iterable[int],
    repeats: bool = False,
    reads: bool = False,
    guarded: bool = False,
) -> Callable[[F], F]:
    def declare(view: F) -> F:
        summary, _, more = (view.__doc__ or "").strip().partition("\n")
        marks = {
            "x-annexa-verbs": sorted({IMPLIED.get(one, one) for one in (*may, *(["read"] if reads else []))} & SCOPES),
            "x-annexa-errors": sorted({*ALWAYS, *errors}),
            "x-annexa-repeats": repeats,
            "x-annexa-guarded": guarded,
        }
        declared: F = router.api_operation(
            [method],
            path,
            response={status: shape},
            auth=Scoped(*may, reads=reads),
            summary=summary.rstrip("."),
            description=" ".join(more.split()) or None,
            operation_id=view.__name__,
            openapi_extra=marks,
        )(view)
        return declared

    return declare
