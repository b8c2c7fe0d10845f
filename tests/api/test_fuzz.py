"""Requests made up from the description, right ones and wrong ones: no failure of ours, every answer as described.

On every change for half a minute; ANNEXA_TEST_FUZZ_SECONDS asks for longer (`make fuzz`): round after round over all
operations with the token of an administrator, each round with other requests upon what the ones before have left.
"""

import os
import time

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from annexa.api import askers
from tests.api.test_access import THERE

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
AT_MOST_SECONDS = float(os.environ.get("ANNEXA_TEST_FUZZ_SECONDS", "30"))
SECONDS_OF_A_ROUND = 90
EXAMPLES = 4 if AT_MOST_SECONDS <= SECONDS_OF_A_ROUND else 60


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_no_request_brings_it_down(admin, monkeypatch, mode) -> None:
    monkeypatch.setattr(askers, "MOST_REQUESTS", 10**9)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())
    operations = [found.ok() for found in schema.get_all_operations()]
    ends, count, rounds = time.monotonic() + AT_MOST_SECONDS / 2, 0, 0
    while not rounds or time.monotonic() < ends:
        rounds += 1
        stops = min(ends, time.monotonic() + SECONDS_OF_A_ROUND)
        for number, operation in enumerate(operations):
            share = (stops - time.monotonic()) / (len(operations) - number)
            made = tried(operation, mode, admin.text, until=time.monotonic() + max(share, 0.1))
            assert made, operation.label
            count += made
    print(f"{count:,} requests ({mode.value}) upon {len(operations)} operations in {rounds} rounds")


def tried(operation, mode: GenerationMode, token: str, *, until: float) -> int:
    """How many requests were made up and answered as they should, until that moment; one at least."""
    count = 0

    @hypothesis.settings(
        max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case) -> None:
        nonlocal count
        if count and time.monotonic() > until:
            return
        count += 1
        headers = {"Authorization": f"Bearer {token}"}
        if count % 2:  # things that are there, in the state they are in
            case.path_parameters |= {name: THERE.get(name, "none") for name in case.path_parameters}
            headers["If-Match"] = "*"
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)

    attempt()
    return count
