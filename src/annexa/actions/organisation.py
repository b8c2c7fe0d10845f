"""Setting up the organisation and its first administrator, and the links by which one gets in first."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core import signing
from django.utils.crypto import salted_hmac

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError
from annexa.actions.people import check_person, make_person
from annexa.answers.libraries import active_library
from annexa.library.load import library
from annexa.pure.permits import ANNEXA, Actor
from annexa.records.organisation import Organisation
from annexa.records.people import Person

ENTER_FOR = timedelta(days=1)
"""How long a printed link into a demo organisation may be used."""
_ENTER = "enter-demo"
FIRST_FRAMEWORKS = ("iso27001-2022", "iso42001-2023", "eu-ai-act", "nist-ai-rmf-1.0")


def set_up_organisation(
    *, name: str, admin_email: str, admin_name: str, password: str, now: datetime, frameworks: Sequence[str] = ()
) -> tuple[Organisation, Person]:
    """Records the organisation and its first administrator, once, on an empty installation.

    Ledger: organisation, person. Raises ConflictError if it is set up already, InvalidError with every problem.
    """
    problems: dict[str, list[str]] = {}
    if not name.strip():
        problems["name"] = ["Give the organisation a name."]
    problems |= check_person(email=admin_email, name=admin_name, role="administrator", password=password)
    if problems:
        raise InvalidError(problems)
    with door(actor=ANNEXA, verb="set_up_organisation", now=now, because="First start") as opened:
        organisation = write_organisation(opened, name=name.strip(), frameworks=frameworks, demo=False, now=now)
        person = make_person(
            opened, email=admin_email, name=admin_name, role="administrator", password=password, now=now
        )
    return organisation, person


def choose_frameworks(*, actor: Actor, frameworks: Sequence[str], now: datetime, because: str = "") -> Organisation:
    """Sets which frameworks the organisation judges itself against, in its own order; the first ones are shown first.

    Ledger: organisation. Raises InvalidError with every problem, ConflictError where nothing would change,
    NotPermittedError.
    """
    chosen, known = tuple(dict.fromkeys(frameworks)), active_library().frameworks
    problems = [
        f"There is no framework {one!r}; known are {', '.join(sorted(known))}." for one in chosen if one not in known
    ]
    if not chosen:
        problems.append("Choose at least one framework; without any there is nothing to stand against.")
    if problems:
        raise InvalidError({"frameworks": problems})
    with door(actor=actor, verb="choose_frameworks", now=now, because=because.strip()) as opened:
        organisation = Organisation.objects.select_for_update().get()
        if tuple(organisation.frameworks) == chosen:
            raise ConflictError("The organisation judges itself against exactly these frameworks already.")
        organisation.frameworks = list(chosen)
        opened.write(organisation, kind="organisation", subject="organisation/1")
    return organisation


def the_organisation() -> Organisation | None:
    """The organisation whose installation this is; None until it is set up."""
    return Organisation.objects.first()


def start_links(base_url: str) -> list[str]:
    """What to open first: the welcome page of an empty installation, the way into a demo, or just the address."""
    base, organisation = base_url.rstrip("/"), the_organisation()
    if organisation is None:
        return [f"{base}/welcome/{first_token()}"]
    return [f"{base}/enter/{demo_token()}"] if organisation.demo else [f"{base}/"]


def first_token() -> str:
    """What the link to the first page holds: only who can read the secret key, or the terminal, knows it."""
    return salted_hmac("first administrator", "", algorithm="sha256").hexdigest()[:32]


def demo_token() -> str:
    """What the link into the demo organisation holds, for a day. ValueError if this is no demo organisation."""
    organisation = the_organisation()
    if organisation is None or not organisation.demo:
        raise ValueError("Only a demo organisation can be entered by a link.")
    return signing.TimestampSigner(salt=_ENTER).sign(str(organisation.pk))


def may_enter(token: str) -> bool:
    """Whether a link into the demo organisation holds: made here, for it, within a day."""
    organisation = the_organisation()
    try:
        named = signing.TimestampSigner(salt=_ENTER).unsign(token, max_age=ENTER_FOR)
    except signing.BadSignature:
        return False
    return organisation is not None and organisation.demo and named == str(organisation.pk)


def write_organisation(
    opened: Door, *, name: str, frameworks: Sequence[str], demo: bool, now: datetime
) -> Organisation:
    """The one organisation row, inside an open door. Raises ConflictError if there is one."""
    if Organisation.objects.exists():
        raise ConflictError("This installation is set up already. Sign in, or start with an empty ANNEXA_HOME.")
    organisation = Organisation(
        pk=1, name=name, frameworks=list(frameworks or FIRST_FRAMEWORKS), demo=demo, created_at=now
    )
    opened.write(organisation, kind="organisation", subject="organisation/1")
    opened.note({"version": library().version}, kind="library", subject="library")
    return organisation
