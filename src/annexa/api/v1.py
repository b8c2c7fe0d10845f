"""`/api/v1/`: the product for programs. What it stands on is brought in with the first request, not at the start."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt  # asked in `askers`, for sessions only
def v1(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any address of the API."""
    from annexa.api.gate import answer

    return answer(request, rest)


urls = [path("api/v1/<path:rest>", v1, name="api"), path("api/v1/", v1), path("api/v1", v1)]
