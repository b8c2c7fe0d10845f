"""Search over systems, records of registers, controls and requirements."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from annexa.answers.search import search as answer
from annexa.web.frame import actor


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What has the name or number that somebody typed, grouped by kind."""
    found = answer(actor=actor(request), text=request.GET.get("q", ""), now=timezone.now())
    return render(request, "search/index.html", {"found": found})


urls = [
    path("search", search, name="search"),
]
