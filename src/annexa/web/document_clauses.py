"""Documents by the clauses of a framework: what serves each, and which clause asks for one that is not there."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.answers.actors import ask_reads
from annexa.answers.document_clauses import documents_by_clause
from annexa.pure.registers.documents import DOCUMENTS
from annexa.web.frame import actor
from annexa.web.lists import Link
from annexa.web.systems import short_title


@require_safe
def by_clause(request: HttpRequest) -> HttpResponse:
    """The clauses of one framework with the documents that serve them; those that lack one first if asked for."""
    ask_reads(actor(request))
    only = request.GET.get("only") == "lacking"
    found = documents_by_clause(
        actor=actor(request), framework=request.GET.get("framework", "")[:80], now=timezone.now()
    )
    here = f"{reverse('document-clauses')}?framework={found.framework.id}"
    context = {
        "heading": _("Documents by clause"),
        "home": reverse("register", args=[DOCUMENTS]),
        "found": found,
        "clauses": [one for one in found.clauses if one.lacks or not only],
        "frameworks": [
            Link(
                label=short_title(one),
                url=f"{reverse('document-clauses')}?framework={one.id}",
                current=one.id == found.framework.id,
            )
            for one in found.frameworks
        ],
        "only": only,
        "all_url": here,
        "lacking_url": f"{here}&only=lacking",
    }
    return render(request, "documents/clauses.html", context)


urls = [path("documents/by-clause", by_clause, name="document-clauses")]
