"""`/api/v1/`: the product for programs. What it stands on is brought in with the first request, not at the start."""

from django.http import HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt  # asked in `askers`, for sessions only
def v1(request: HttpRequest, rest: str | None = None) -> HttpResponse:
    """Any address of the API."""
    from annexa.api.gate import answer

    return answer(request, rest or "")


urls = [re_path(r"^api/v1(?:/(?P<rest>[\s\S]*))?$", v1, name="api")]  # with line breaks and all, to answer in our form
