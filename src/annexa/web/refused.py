"""The page that says, in a sentence, why something was not given or not done."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def refused(request: HttpRequest, *, status: int, title: str, text: str) -> HttpResponse:
    """A page of its own inside the frame: what happened and what is safe; the status says the same to programs."""
    return render(request, "frameworks/refused.html", {"heading": title, "text": text}, status=status)
