"""Mailing people what waits for them: prepared and sent beside requests, tried again for days, titles and links only.

What is kept on its way is what a mail tells of, never its words: these are found anew when it is sent, as the person
may see them then. Each mail has one Message-ID however often it is tried, so that a repeat after a crash is known.
"""

import logging
import uuid
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError
from django.utils.html import format_html, format_html_join

from annexa.actions.door import side_door
from annexa.actions.errors import InvalidError, NotPermittedError
from annexa.actions.outgoing import KEPT_FOR, claimed
from annexa.answers.mail_server import MailError, give
from annexa.answers.mails import NOTHING_LEFT, choice_of, choices, lines_for, waiting_mails
from annexa.pure.mails import HOWS, MOST_LINES, USUAL, Line, footer, is_mail_address, plain, subject, text_of
from annexa.pure.permits import ANNEXA, Actor, Refusal, may
from annexa.pure.webhooks import next_try
from annexa.records.mails import Mail, MailChoice, MailTold
from annexa.records.organisation import Organisation
from annexa.records.people import Person

DIGEST_HOUR = 6
"""From this hour of UTC on the mails of the day are made."""
PAUSE = timedelta(minutes=5)
"""How long after a mail at once the next one is made: what happens meanwhile goes into it."""
log = logging.getLogger("annexa.mails")
Give = Callable[[EmailMultiAlternatives], None]


def choose_mail(*, actor: Actor, person: Person, how: str, now: datetime) -> MailChoice:
    """Keeps how somebody wants to be mailed. Ledger: nothing, for it says nothing about the management system.

    Raises InvalidError, NotPermittedError.
    """
    if how not in HOWS:
        raise InvalidError({"how": [f"{how!r} is no way to be mailed; choose {', '.join(HOWS[:-1])} or {HOWS[-1]}."]})
    with side_door(actor=actor, verb="choose_mail", now=now):
        made = MailChoice(person=person, how=how, changed_at=now)
        kept = {"unique_fields": ["person"], "update_fields": ["how", "changed_at"]}
        MailChoice.objects.bulk_create([made], update_conflicts=True, **kept)
    return made


def send_test_mail(*, actor: Actor, to: str, now: datetime, send: Give = give) -> None:
    """Sends one mail that says that mail works. Ledger: nothing. Raises InvalidError, NotPermittedError, MailError."""
    refused = may(actor, "send_mail")
    if isinstance(refused, Refusal):
        raise NotPermittedError(refused.because)
    if not is_mail_address(to):
        raise InvalidError({"to": [f"{to!r} is no address such as ada@example.org."]})
    text = f"This is a test of {now:%Y-%m-%d %H:%M} UTC. Mail from Annexa arrives.\n\n{settings.PUBLIC_URL}/\n"
    send(_message(id=uuid.uuid4().hex, to=to, title="Annexa: mail works", text=text, html=""))


def prepare_mails(*, now: datetime) -> bool:
    """Puts on its way what people were not told yet. Whether everybody was looked at; else ask again.

    Who is mailed once a day is looked at once a day. Ledger: nothing. Cost: see lines_for, for each of these people.
    """
    if Organisation.objects.filter(demo=True).exists():
        return True  # its people are invented
    hows, today, whole = choices(), now.date(), True
    done = set(Mail.objects.filter(day=today).values_list("person_id", flat=True))
    lately = set(Mail.objects.filter(how="at once", created_at__gt=now - PAUSE).values_list("person_id", flat=True))
    for person in Person.objects.filter(is_active=True).order_by("pk"):
        how = hows.get(person.pk, USUAL)
        if how == "at once" and person.pk in lately:
            whole = False
        elif how == "at once" or (how == "daily" and now.hour >= DIGEST_HOUR and person.pk not in done):
            _prepare(person, how, now)
    with side_door(actor=ANNEXA, verb="send_mail", now=now):
        Mail.objects.filter(next_at=None, created_at__lt=now - KEPT_FOR).delete()
    return whole


def _prepare(person: Person, how: str, now: datetime) -> None:
    waiting = {one.key for one in lines_for(person=person, now=now)}
    told = MailTold.objects.filter(person=person)
    known = set(told.values_list("key", flat=True))
    new, gone = sorted(waiting - known), known - waiting
    if not (new or gone or how == "daily"):
        return
    try:
        with side_door(actor=ANNEXA, verb="send_mail", now=now):
            told.filter(key__in=gone).delete()
            MailTold.objects.bulk_create([MailTold(person=person, key=one, told_at=now) for one in new])
            if new or how == "daily":
                Mail(
                    id=uuid.uuid4().hex, person=person, how=how, day=now.date() if how == "daily" else None, keys=new,
                    next_at=now if new else None, created_at=now,
                ).save(force_insert=True)  # fmt: skip
    except IntegrityError:  # another process was faster
        log.debug("What is new for person/%s is on its way already.", person.pk)


def send_mails(*, now: Callable[[], datetime], send: Give = give) -> bool:
    """Sends what is due. Whether the server could be reached: if not, the rest waits. Ledger: nothing."""
    waiting = waiting_mails(now=now())
    return all(_sent(one, now(), send) for one in waiting if claimed(one, verb="send_mail", now=now()))


def _sent(one: Mail, now: datetime, send: Give) -> bool:
    """Tries one mail, keeps what came of it, and says whether the server could be reached."""
    message = _of(one, now)
    if message is None:
        _keep(one, now, next_at=None, answer=NOTHING_LEFT)
        return True
    try:
        send(message)
    except MailError as error:
        again = None if error.lasting else next_try(one.tries + 1, at=now)
        _keep(one, now, next_at=again, answer=str(error)[:200])
        log.warning("A mail to person/%s was not taken; %s.", one.person_id, "trying again" if again else "given up")
        return not error.server
    _keep(one, now, next_at=None, answer="", sent_at=now)
    return True


def _keep(one: Mail, now: datetime, **values: object) -> None:
    with side_door(actor=ANNEXA, verb="send_mail", now=now):
        Mail.objects.filter(pk=one.pk).update(**values)


def _of(one: Mail, now: datetime) -> EmailMultiAlternatives | None:
    """The mail in words, as the person may see them now; None where there is nothing left to tell, or nobody."""
    person = Person.objects.filter(pk=one.person_id, is_active=True).first()
    if person is None or (how := choice_of(person=person)) == "never":
        return None
    lines = lines_for(person=person, now=now)
    new = _chosen(lines, one.keys)
    if not new:
        return None
    said = {"name": person.name, "lines": new, "waiting": len(lines), "how": how, "base": settings.PUBLIC_URL}
    return _message(id=one.id, to=person.email, title=subject(len(new)), text=text_of(**said), html=_html(**said))


def _chosen(lines: Collection[Line], keys: Collection[str]) -> tuple[Line, ...]:
    return tuple(one for one in lines if one.key in set(keys))


def _html(*, name: str, lines: Collection[Line], waiting: int, how: str, base: str) -> str:
    """The same mail as simple HTML; whatever people wrote is text in it, never markup."""
    shown = [(f"{base}{one.address}", one.says) for one in list(lines)[:MOST_LINES]]
    items = format_html_join("", '<li><a href="{}">{}</a></li>', shown)
    more = len(lines) - len(shown)
    why, where = footer(how, base)
    return format_html(
        '<!doctype html><html lang="en"><body><p>Hello {},</p><p>new for you since the last mail:</p><ul>{}{}</ul>'
        '<p><a href="{}">All that waits for you</a> ({})</p><p>{}<br>{}</p></body></html>',
        plain(name), items, format_html("<li>and {} more</li>", more) if more else "",
        f"{base}/tasks?whose=mine", waiting, why,
        format_html('<a href="{}">Choose otherwise, or nothing at all</a>', where.rpartition(" ")[2]),
    )  # fmt: skip


def _message(*, id: str, to: str, title: str, text: str, html: str) -> EmailMultiAlternatives:  # noqa: A002
    sender: str = settings.MAIL_FROM
    host = parseaddr(sender)[1].rpartition("@")[2]
    headers = {
        "Message-ID": f"<{id}@{host}>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{settings.PUBLIC_URL}/mail>",
    }
    made = EmailMultiAlternatives(subject=title, body=text, from_email=sender, to=[to], headers=headers)
    if html:
        made.attach_alternative(html, "text/html")
    return made


class Mailing:
    """What the worker of one process remembers of it: when somebody has to be looked at again."""

    def __init__(self) -> None:
        self._looked: tuple[int, bool, object] | None = None

    def round(self, *, size: int, send: Give = give) -> bool:
        """Looks at everybody if the ledger (of this size) grew or the day went on; then sends what is due.

        Whether the server could be reached.
        """
        now = datetime.now(UTC)
        state = (size, now.hour >= DIGEST_HOUR, now.date())
        if state != self._looked and prepare_mails(now=now):
            self._looked = state
        return send_mails(now=lambda: datetime.now(UTC), send=send)
