"""Today: what waits, where we stand."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from annexa.answers.people import LeftBehind
from annexa.answers.today import Today
from annexa.answers.today import today as answer
from annexa.answers.training import waiting_training
from annexa.library.regimes import regimes
from annexa.pure.permits import Refusal, may_somewhere
from annexa.web.frame import actor, person
from annexa.web.systems import short_title

CAUSES = 2
"""How many of what came in between are named; the others are in the ledger."""


@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """What waits for somebody this day, then where the organisation stands and what changed."""
    now = timezone.now()
    if isinstance(may_somewhere(actor(request), "read"), Refusal):
        training = waiting_training(person=person(request).pk, now=now)
        return render(request, "today/outside.html", {"training": training, "now": now})
    page = answer(actor=actor(request), now=now, whose=request.GET.get("whose", ""))
    titles = {one.posture.framework.id: short_title(one.posture.framework) for one in page.standing}
    laws = regimes()
    context = {
        "page": page,
        "mine": page.whose == "mine",
        "counted": ", ".join(counted(page)),
        "gaps": ", ".join(gaps(page)),
        "moves": [(one, titles.get(one.framework, one.framework), one.causes[:CAUSES]) for one in page.moves],
        "ahead": [(one, one.framework in laws) for one in page.ahead],
        "left": [(one, ", ".join(held(one))) for one in page.left],
        "now": now,
    }
    return render(request, "today/index.html", context)


def counted(page: Today) -> list[str]:
    """What waits, kind by kind, in numbers."""
    kinds = (
        (page.tasks_total, ngettext("%s task is due", "%s tasks are due", page.tasks_total)),
        (
            page.follow_ups_total,
            ngettext("%s access to take away", "%s accesses to take away", page.follow_ups_total),
        ),
        (page.to_decide, ngettext("%s decision", "%s decisions", page.to_decide)),
        (page.anew_total, ngettext("%s assessment to do anew", "%s assessments to do anew", page.anew_total)),
        (page.again_total, ngettext("%s record to look at again", "%s records to look at again", page.again_total)),
        (page.left_total, ngettext("%s hand-over", "%s hand-overs", page.left_total)),
        (page.failing_total, ngettext("%s check fails", "%s checks fail", page.failing_total)),
        (
            page.renewals_total,
            ngettext("%s piece of evidence to renew", "%s pieces of evidence to renew", page.renewals_total),
        ),
        (page.never_total, ngettext("%s never shown", "%s never shown", page.never_total)),
    )
    return [said % f"{n:,}" for n, said in kinds if n]


def held(left: LeftBehind) -> list[str]:
    """What somebody left behind, kind by kind, in numbers."""
    kinds = (
        (left.controls, ngettext("%s control", "%s controls", left.controls)),
        (left.systems, ngettext("%s AI system", "%s AI systems", left.systems)),
        (left.tasks, ngettext("%s task", "%s tasks", left.tasks)),
        (left.offices, ngettext("%s office", "%s offices", left.offices)),
        (left.records, ngettext("%s record", "%s records", left.records)),
    )
    return [said % f"{n:,}" for n, said in kinds if n]


def gaps(page: Today) -> list[str]:
    """What the register lacks, in numbers."""
    kinds = (
        (page.without_owner, ngettext("%s has no owner", "%s have no owner", page.without_owner)),
        (page.without_class, ngettext("%s is not classified", "%s are not classified", page.without_class)),
    )
    return [said % f"{n:,}" for n, said in kinds if n]


urls = [
    path("", today, name="today"),
]
