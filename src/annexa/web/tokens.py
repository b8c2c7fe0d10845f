"""The tokens of one's own programs: made and shown once, looked at, revoked."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods, require_POST

from annexa.actions.errors import InvalidError
from annexa.actions.tokens import create_token, revoke_token, scopes_for
from annexa.answers.tokens import list_tokens
from annexa.pure.instants import end_of
from annexa.pure.permits import Permit, may
from annexa.pure.tokens import USUAL
from annexa.web.again import proven
from annexa.web.forms import date_field, see, tried
from annexa.web.frame import actor, person

SCOPE_WORDS = {
    "read": later("Read everything"),
    "add_evidence": later("Add evidence"),
    "add_person": later("Add people"),
    "adopt_control": later("Declare controls"),
    "answer_classification": later("Answer the questions of a law"),
    "appoint": later("Appoint people to offices"),
    "ask_statement_approval": later("Ask for the approval of the statement of applicability in your name"),
    "attest": later("Make statements in your name"),
    "change_committees": later("Add and change committees"),
    "change_person": later("Change names and roles of people"),
    "change_system": later("Add and change AI systems"),
    "change_units": later("Add and change units"),
    "change_activity_source": later("Change whose events are whose, close sources"),
    "choose_activity": later("Choose what is kept of activity"),
    "choose_frameworks": later("Choose the frameworks"),
    "close_judgement": later("Close judgements"),
    "decide_applicability": later("Decide which controls of the annexes apply"),
    "decide_statement": later("Approve or return the statement of applicability in your name"),
    "end_access": later("End somebody's access"),
    "exclude_control": later("Exclude controls"),
    "import_systems": later("Import AI systems"),
    "judge": later("Record judgements"),
    "log_activity": later("Send events of AI systems"),
    "make_pack": later("Make audit packs"),
    "manage_webhooks": later("Add and end webhooks"),
    "provision": later("Keep people and groups up to date from a directory"),
    "review_classification": later("Review classifications in your name"),
    "revoke_token": later("Revoke your own tokens"),
    "share": later("Let somebody read one AI system"),
}
"""What people read for a scope."""


class TokenForm(forms.Form):
    """What a token is for, and until when."""

    name = forms.CharField(
        label=later("Name"), max_length=100, help_text=later("Where it is used, such as the nightly upload")
    )
    scopes = forms.MultipleChoiceField(label=later("It may"), widget=forms.CheckboxSelectMultiple)
    expires_at = date_field(later("Its last day"), help_text=later("At most a year ahead"))

    def __init__(self, *args: Any, may_have: tuple[str, ...], **more: Any) -> None:
        """`may_have`: the scopes on offer."""
        super().__init__(*args, **more)
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.MultipleChoiceField)  # noqa: S101  as declared above
        scopes.choices = [(one, SCOPE_WORDS.get(one, one)) for one in may_have]


@require_http_methods(["GET", "HEAD", "POST"])
@proven
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens and a form for another one. The new token is in the answer itself, and nowhere else."""
    may_have = scopes_for(actor(request))
    now = timezone.now()
    initial = {"scopes": ["read"], "expires_at": (now + USUAL - timedelta(days=1)).date()}
    form = TokenForm(request.POST or None, may_have=may_have, initial=initial)
    made, text = None, ""
    if request.method == "POST" and form.is_valid():
        try:
            made, text = create_token(
                actor=actor(request),
                person=person(request),
                holder=person(request),
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=end_of(form.cleaned_data["expires_at"]),
                now=now,
            )
        except InvalidError as error:
            for field, sentences in error.problems.items():
                form.add_error(field if field in form.fields else None, list(sentences))
    if made is not None:
        form = TokenForm(may_have=may_have, initial=initial)
    context = {
        "form": form,
        "made": made,
        "text": text,
        "now": now,
        "tokens": [
            (line, [SCOPE_WORDS.get(one, one) for one in line.token.scopes])
            for line in list_tokens(actor=actor(request), now=now)
        ],
        "everybodys": isinstance(may(actor(request), "revoke_token_of_others"), Permit),
    }
    return render(request, "tokens/index.html", context, status=422 if form.errors else 201 if made else 200)


@require_POST
def revoke(request: HttpRequest, token: str) -> HttpResponse:
    """Ends a token at once."""

    def do(_given: Mapping[str, Any]) -> str:
        made = revoke_token(actor=actor(request), person=person(request), token=token, now=timezone.now())
        return _("The token %s lets nobody in any more") % made.token.name

    return tried(request, forms.Form(request.POST), do) or see(reverse("tokens"))


urls = [
    path("tokens", tokens, name="tokens"),
    path("tokens/<str:token>/revoke", revoke, name="revoke-token"),
]
