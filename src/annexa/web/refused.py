"""The page that says, in a sentence, why something was not given or not done."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def refused(request: HttpRequest, *, status: int, title: str, text: str, back: str = "") -> HttpResponse:
    """A page of its own inside the frame: what happened and what is safe; the status says the same to programs.

    `back`: the page on which it was tried, "" where there is none.
    """
    context = {"heading": title, "said": text, "back": back}
    return render(request, "frameworks/refused.html", context, status=status)
