"""Whether an exception from a rule is approved: the section on its page, and the form of who decides."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods

from annexa.actions.exceptions import decide_exception, withdraw_exception
from annexa.answers.exceptions import exception_page
from annexa.answers.registers import one_record
from annexa.pure.registers.exceptions import EXCEPTIONS
from annexa.web.forms import fresh, see, text_field, tried_or_told
from annexa.web.frame import actor, person


class DecisionForm(forms.Form):
    """Yes or no to an exception, or its approval taken back."""

    because = text_field(later("Why"))


def approval_of(request: HttpRequest, slug: str) -> dict[str, Any]:
    """What the page of an exception shows beside the record: whether it is approved, by whom, and the form for that."""
    found = exception_page(actor=actor(request), person=person(request), slug=slug, now=timezone.now())
    return {"approval": found, "decision": fresh(DecisionForm, "decide"), "withdrawal": fresh(DecisionForm, "withdraw")}


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, record: str) -> HttpResponse:
    """Approves or refuses, or takes an approval back, by the button. Who comes by the address is led to the page."""
    back = reverse("record", args=[EXCEPTIONS, record])
    if request.method != "POST":
        return see(back)
    one_record(actor=actor(request), register=EXCEPTIONS, slug=record)
    form, step = DecisionForm(request.POST), request.POST.get("step", "")

    def do(given: Any) -> str:
        told = {
            "actor": actor(request), "person": person(request), "exception": record, "because": given["because"],
            "now": timezone.now(),
        }  # fmt: skip
        if step == "withdraw":
            withdraw_exception(**told)
            return _("The approval is taken back")
        decide_exception(approve=step == "approve", **told)
        return _("The exception is approved") if step == "approve" else _("The exception is refused and ended")

    return tried_or_told(request, form, do, wrong=_("This cannot be decided so"), back=back)


urls = [path("exceptions/<slug:record>/approval", decide, name="exception-decide")]
