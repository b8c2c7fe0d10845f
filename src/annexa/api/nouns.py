"""The API put together: a module for each noun, one way for every error."""

from functools import cache

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

import annexa
from annexa.api import (
    acceptances,
    access,
    activity,
    assessments,
    classification,
    committees,
    concentration,
    controls,
    diligence,
    documents,
    erasures,
    evidence,
    exceptions,
    frameworks,
    governance,
    grants,
    holds,
    judgements,
    ledger,
    lineage,
    monitors,
    obligations,
    organisation,
    oversight,
    path,
    people,
    portfolio,
    posture,
    quarantine,
    registers,
    retention,
    samples,
    search,
    sources,
    statement,
    stops,
    systems,
    tokens,
    training,
    units,
    uses,
    webhooks,
)
from annexa.api.problems import answer_to
from annexa.api.shapes import StrictParser

DESCRIPTION = """The same questions and actions as on the pages and the command line, with the same permits.

Sign in with a token (`Authorization: Bearer annexa_…`). Errors are problem details (RFC 9457). Lists come in parts: go
on with `cursor=next` until `next` is null. A change needs `If-Match` with the ETag of what you saw; a POST with an
`Idempotency-Key` is done once within a day however often it is sent. Fields are only ever added."""
NOUNS = (
    organisation, people, units, committees, governance, grants, tokens, systems, registers, lineage, concentration,
    training, classification, assessments, uses, acceptances, exceptions, diligence, documents, oversight, stops,
    sources, quarantine, activity, samples, retention, holds, erasures, monitors, controls, evidence, judgements,
    frameworks, posture, statement, path, portfolio, obligations, access, ledger, webhooks, search,
)  # fmt: skip


def _answer(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    return answer_to(error if isinstance(error, Exception) else error(), request)


@cache
def api() -> NinjaAPI:
    """Every operation there is."""
    found = NinjaAPI(
        title="Annexa",
        version=annexa.__version__,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        urls_namespace="annexa-api",
        parser=StrictParser(),
    )
    for noun in NOUNS:
        found.add_router("", noun.router)
    for kind in (Exception, HttpError, ValidationError, Http404):  # each, or ninja would answer in its own form
        found.add_exception_handler(kind, _answer)
    return found
