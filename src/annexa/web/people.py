"""People: who there is, what somebody holds, and joining, moving and leaving."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from annexa.actions.grants import end_grant, grant_role
from annexa.actions.leaving import KINDS, change_person, let_go, readmit
from annexa.actions.people import add_person
from annexa.actions.second_factors import factors_of, reset_second_factors
from annexa.actions.sign_in import end_sessions_of
from annexa.answers.actors import units
from annexa.answers.errors import UnknownError
from annexa.answers.people import Holdings, PersonPage, people_page, person_page
from annexa.answers.sessions import list_sessions
from annexa.answers.training import training_of
from annexa.library.governance import governance
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import GRANTABLE, Refusal
from annexa.pure.units import in_order
from annexa.records.people import ROLES, Person
from annexa.web.again import proven
from annexa.web.forms import Bound, date_field, end_of, see, takes_form_of, text_field, tried
from annexa.web.frame import actor, permit, permitted, person
from annexa.web.refused import refused

EVERYWHERE = "everywhere"
GRANTED: Mapping[str, Any] = {
    "lead": later("Compliance lead"),
    "owner": later("Owner"),
    "auditor": later("Auditor"),
    "reader": later("Reader"),
}
"""What a role in a part of the organisation is called."""
HEIRS: Mapping[str, Any] = {
    "controls": later("Who takes over the controls"),
    "systems": later("Who takes over the AI systems"),
    "tasks": later("Who takes over the tasks"),
    "offices": later("Who takes over the offices"),
    "records": later("Who takes over the records of registers"),
}


class AddForm(forms.Form):
    """Somebody new."""

    person_name = forms.CharField(label=later("Name"), max_length=200)
    email = forms.EmailField(label=later("Email"), max_length=254)
    role = forms.ChoiceField(
        label=later("Role"),
        choices=ROLES,
        initial="member",
        help_text=later("A member sees nothing yet: give them a role in a unit afterwards"),
    )


class HeirsForm(forms.Form):
    """Who takes over what somebody holds, one for each kind that they hold."""

    NEEDED = False

    def __init__(self, *args: Any, held: Mapping[str, int], people: Sequence[Person], **more: Any) -> None:
        super().__init__(*args, **more)
        for kind in (one for one in KINDS if held.get(one)):
            self.fields[kind] = forms.ChoiceField(
                label=f"{HEIRS[kind]} ({held[kind]})",
                choices=[("", _("Choose a person")), *((str(one.pk), one.name) for one in people)],
                required=self.NEEDED,
                error_messages={"required": _("Name who takes over.")},
            )


class ChangeForm(HeirsForm):
    """Another name or role."""

    name = forms.CharField(label=later("Name"), max_length=200)
    role = forms.ChoiceField(label=later("Role"), choices=ROLES)
    because = text_field(later("Why the role changes"), required=False)


class LeaveForm(HeirsForm):
    """The end of somebody's access."""

    NEEDED = True
    because = text_field(later("Why, such as the last day at work"))


class BackForm(forms.Form):
    """Somebody comes back."""

    because = text_field(later("Why they are back"))


class ResetForm(forms.Form):
    """Somebody has lost what they sign in with."""

    because = text_field(
        later("How you made sure that it is they who ask"),
        help_text=later(
            "As when they were let in: in person, or by a call to a number you know. It goes into the ledger."
        ),
    )


class GrantForm(forms.Form):
    """A role in a part of the organisation."""

    role = forms.ChoiceField(label=later("Role"), choices=[(one, GRANTED[one]) for one in GRANTABLE])
    system = forms.SlugField(
        label=later("or for one AI system"),
        max_length=80,
        required=False,
        help_text=later("The last part of its address"),
    )
    ends_at = date_field(later("Its last day"), required=False)
    because = text_field(later("Why they need it"))

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        tree = [one for one in in_order(units()) if not one.unit.closed]
        choices = [(one.unit.slug, f"{'– ' * one.depth}{one.unit.name}") for one in tree]
        self.fields["unit"] = forms.ChoiceField(
            label=_("In the unit, and whatever is below it"),
            choices=[("", _("No unit")), *choices, (EVERYWHERE, _("Everywhere"))],
            required=False,
        )
        self.order_fields(["role", "unit", "system", "ends_at", "because"])


class EndForm(forms.Form):
    """The end of a grant."""

    because = forms.CharField(label=later("Why it ends"), max_length=1000)


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, searched and narrowed by role."""
    return _list(request, AddForm(), status=200)


@takes_form_of("people")
@proven
def add(request: HttpRequest) -> HttpResponse:
    """Adds somebody."""
    form = AddForm(request.POST)

    def do(given: Mapping[str, Any]) -> str:
        made = add_person(
            actor=actor(request), email=given["email"], name=given["person_name"], role=given["role"], password=None,
            now=timezone.now(),
        )  # fmt: skip
        return _("%s is added") % made.name

    if (answer := _refusal(request, "add_person")) or (answer := tried(request, form, do)):
        return answer
    return _list(request, form, status=422) if form.errors else see(reverse("people"))


def _list(request: HttpRequest, form: AddForm, *, status: int) -> HttpResponse:
    now, text, role = timezone.now(), request.GET.get("q", "").strip(), request.GET.get("role", "")
    try:
        lines = people_page(actor=actor(request), now=now, text=text, role=role)
    except UnknownError as error:
        raise Http404(str(error)) from error
    context = {
        "lines": [(one, [_granted(grant) for grant in one.grants]) for one in lines],
        "active": sum(one.person.is_active for one in lines),
        "text": text,
        "role": role,
        "roles": ROLES,
        "form": form if permitted(request, "add_person") else None,
        "now": now,
    }
    return render(request, "people/index.html", context, status=status)


@require_safe
def one(request: HttpRequest, person_id: int) -> HttpResponse:
    """Somebody, what they hold, and what can be done about it."""
    return _page(request, _found(request, person_id), bound={}, status=200)


@takes_form_of("person")
@proven
def change(request: HttpRequest, person_id: int) -> HttpResponse:
    """Gives somebody another name or role."""
    found = _found(request, person_id)
    form = ChangeForm(request.POST, held=_acting(found.holdings), people=found.successors)

    def do(given: Mapping[str, Any]) -> str:
        made = change_person(
            actor=actor(request), by=person(request), person=person_id, name=given["name"], role=given["role"],
            because=given["because"], successors=_heirs(found, given), now=timezone.now(),
        )  # fmt: skip
        return _("%s is saved") % made.name

    return _done(request, found, "change", form, do, verb="change_person")


@takes_form_of("person")
@proven
def leave(request: HttpRequest, person_id: int) -> HttpResponse:
    """Ends somebody's access and hands over what they hold."""
    found = _found(request, person_id)
    form = LeaveForm(request.POST, held=_counts(found.holdings), people=found.successors)

    def do(given: Mapping[str, Any]) -> str:
        left = let_go(
            actor=actor(request), by=person(request), person=person_id, successors=_heirs(found, given),
            because=given["because"], now=timezone.now(),
        )  # fmt: skip
        n = left.handed_over
        return ngettext(
            "The access of %(name)s has ended; %(n)d thing was handed over",
            "The access of %(name)s has ended; %(n)d things were handed over",
            n,
        ) % {"name": found.person.name, "n": n}

    return _done(request, found, "leave", form, do, verb="end_access")


@takes_form_of("person")
@proven
def back(request: HttpRequest, person_id: int) -> HttpResponse:
    """Lets somebody in again."""
    found = _found(request, person_id)

    def do(given: Mapping[str, Any]) -> str:
        readmit(actor=actor(request), person=person_id, because=given["because"], now=timezone.now())
        return _("%s may sign in again") % found.person.name

    return _done(request, found, "back", BackForm(request.POST), do, verb="change_person")


@takes_form_of("person")
@proven
def give(request: HttpRequest, person_id: int) -> HttpResponse:
    """Gives somebody a role in a part of the organisation."""
    found = _found(request, person_id)

    def do(given: Mapping[str, Any]) -> str:
        unit = given["unit"]
        if not unit and not given["system"]:
            form.add_error("unit", _("Choose a unit, an AI system, or everywhere."))
            return ""
        grant_role(
            actor=actor(request), person=person(request), holder=found.person, role=given["role"],
            unit="" if unit == EVERYWHERE else unit, system=given["system"], because=given["because"],
            ends_at=end_of(given["ends_at"]), now=timezone.now(),
        )  # fmt: skip
        return _("%(name)s is %(role)s there now") % {"name": found.person.name, "role": GRANTED[given["role"]]}

    form = GrantForm(request.POST)
    return _done(request, found, "give", form, do, verb="share")


@proven
def end(request: HttpRequest, person_id: int, grant: str) -> HttpResponse:
    """Ends a grant."""
    found = _found(request, person_id)
    if request.method != "POST":
        return see(reverse("person", args=[person_id]))

    def do(given: Mapping[str, Any]) -> str:
        end_grant(
            actor=actor(request), person=person(request), grant=grant, because=given["because"], now=timezone.now()
        )
        return _("The role has ended")

    return _done(request, found, grant, EndForm(request.POST), do, verb="share")


@takes_form_of("person")
@proven
def sign_out(request: HttpRequest, person_id: int) -> HttpResponse:
    """Signs somebody out everywhere."""
    found = _found(request, person_id)

    def do(_given: Mapping[str, Any]) -> str:
        end_sessions_of(actor=actor(request), person=found.person, now=timezone.now())
        return _("%s is signed out everywhere") % found.person.name

    return _done(request, found, "sign-out", forms.Form(request.POST), do, verb="end_sessions_of_others")


@takes_form_of("person")
@proven
def reset(request: HttpRequest, person_id: int) -> HttpResponse:
    """Takes somebody's second factors out of use, for whoever has lost them."""
    found = _found(request, person_id)

    def do(given: Mapping[str, Any]) -> str:
        reset_second_factors(
            actor=actor(request), by=person(request), person=found.person, now=timezone.now(), because=given["because"]
        )  # fmt: skip
        return _("%s has no second factor any more, and is signed out everywhere") % found.person.name

    return _done(request, found, "reset", ResetForm(request.POST), do, verb="reset_second_factors")


def _done(
    request: HttpRequest,
    found: PersonPage,
    key: str,
    form: forms.Form,
    do: Callable[[Mapping[str, Any]], str],
    *,
    verb: str,
) -> HttpResponse:
    if (answer := _refusal(request, verb)) or (answer := tried(request, form, do)):
        return answer
    if form.errors:
        return _page(request, found, bound={key: form}, status=422)
    return see(reverse("person", args=[found.person.pk]))


def _refusal(request: HttpRequest, verb: str) -> HttpResponse | None:
    answer = permit(request, verb)
    if isinstance(answer, Refusal):
        return refused(request, status=403, title=_("Not yours to do"), text=answer.because)
    return None


def _found(request: HttpRequest, person_id: int) -> PersonPage:
    try:
        return person_page(actor=actor(request), person=person_id, now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error


def _page(request: HttpRequest, found: PersonPage, *, bound: Bound, status: int) -> HttpResponse:
    held, who, now = found.holdings, found.person, timezone.now()
    changes, shares = found.may_change, permitted(request, "share") and found.person.pk != person(request).pk
    given = {"name": who.name, "role": who.role}
    context = {
        "found": found,
        "who": who,
        "held": held,
        "now": now,
        "wrong": next(iter(bound.values()), None),
        "opened": next(iter(bound), ""),
        "factors": factors_of(who) if permitted(request, "reset_second_factors") else None,
        "sessions": list_sessions(actor=actor(request), person=who, now=now),
        "training": training_of(actor=actor(request), person=who, now=now),
        "offices": [(governance().title(one.office), _body(one.body)) for one in held.appointments],
        "grants": [
            (one, _granted(one), (bound.get(one.id) or EndForm(auto_id=f"{one.id}-%s")) if shares else None)
            for one in held.grants
        ],
        "change_form": _form(
            bound, "change", changes, lambda: ChangeForm(
                held=_acting(held), people=found.successors, auto_id="change-%s", initial=given
            )
        ),
        "leave_form": _form(
            bound, "leave", changes and who.is_active and not found.last_administrator,
            lambda: LeaveForm(held=_counts(held), people=found.successors, auto_id="leave-%s"),
        ),
        "reset_form": _form(
            bound, "reset", permitted(request, "reset_second_factors"), lambda: ResetForm(auto_id="reset-%s")
        ),
        "back_form": _form(bound, "back", changes and not who.is_active, lambda: BackForm(auto_id="back-%s")),
        "give_form": _form(
            bound, "give", shares and who.is_active and who.role != "administrator",
            lambda: GrantForm(auto_id="give-%s"),
        ),
    }  # fmt: skip
    return render(request, "people/person.html", context, status=status)


def _form(bound: Bound, key: str, offered: bool, fresh: Callable[[], forms.Form]) -> forms.Form | None:
    return (bound.get(key) or fresh()) if offered else None


def _counts(held: Holdings) -> dict[str, int]:
    things = (held.ownerships, held.systems, held.tasks, held.appointments, held.records)
    return dict(zip(KINDS, map(len, things), strict=True))


def _acting(held: Holdings) -> dict[str, int]:
    """What another role may no longer be able to do."""
    return {kind: n for kind, n in _counts(held).items() if kind in {"controls", "tasks"}}


def _heirs(found: PersonPage, given: Mapping[str, Any]) -> dict[str, Person]:
    by_key = {str(one.pk): one for one in found.successors}
    return {kind: by_key[given[kind]] for kind in KINDS if given.get(kind) in by_key}


def _granted(grant: Any) -> str:
    """A role in a part as people read it."""
    where = grant.unit.name if grant.unit else grant.system or _("everywhere")
    return f"{GRANTED.get(grant.role, grant.role)}, {where}"


def _body(body: str) -> str:
    kind, _slash, slug = body.partition("/")
    return str(_("Organisation")) if body == ORGANISATION else f"{kind} {slug}"


urls = [
    path("people", people, name="people"),
    path("people/add", add, name="person-add"),
    path("people/<int:person_id>", one, name="person"),
    path("people/<int:person_id>/change", change, name="person-change"),
    path("people/<int:person_id>/leave", leave, name="person-leave"),
    path("people/<int:person_id>/back", back, name="person-back"),
    path("people/<int:person_id>/give", give, name="person-give"),
    path("people/<int:person_id>/end/<str:grant>", end, name="person-end"),
    path("people/<int:person_id>/end-sessions", sign_out, name="end-sessions"),
    path("people/<int:person_id>/reset-second-factors", reset, name="reset-second-factors"),
]
