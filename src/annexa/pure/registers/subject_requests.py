"""Requests of data subjects and the day by which they are to be answered: GDPR Art. 12(3), 15 to 22."""

from collections.abc import Iterable
from datetime import date

from annexa.pure.fields import FieldProblem, answer, choice, day, long, owner, text
from annexa.pure.instants import months_after
from annexa.pure.register import Entry, Group, Register, ended, name, order_problem, owned, reference, systems_of, unit

NONE = "none in the quarter"
"""The line that says that nobody asked, so that silence is told from a register that nobody keeps."""


def due_on(request: Entry) -> date | None:
    """The last day for the answer: one month from receipt, three if it was extended in time. GDPR Art. 12(3)."""
    if request.received_on is None:
        return None
    first = months_after(request.received_on, 1)
    told = request.extended_on is not None and request.extended_on <= first
    return months_after(request.received_on, 3) if told else first


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, SUBJECT_REQUESTS, "received_on", "answered_on")
    yield from order_problem(entry, SUBJECT_REQUESTS, "received_on", "extended_on")
    if entry.extended_on is not None and not entry.extended_because:
        yield FieldProblem(field="extended_because", message="is missing although the period was extended")
    if entry.outcome in ("partly granted", "refused") and not entry.reason:
        yield FieldProblem(field="reason", message=f"is missing although the request was {entry.outcome}")


SUBJECT_REQUESTS = Register(
    noun="subject_request",
    plural="subject-requests",
    one="request of a data subject",
    title="Requests of data subjects",
    says="Requests for access, erasure and other rights: when the answer is due, what was done. Write no names.",
    asked_by=("GDPR Art. 12(3)", "GDPR Art. 15", "GDPR Art. 17", "ISO/IEC 27701 A.1.3"),
    place="privacy",
    groups=(
        Group(
            title="The request",
            help="Due a month after receipt, or three if you tell within the first month why (Art. 12(3)).",
            fields=(
                name("A number or a short word, not the name of the person.", label="Request"),
                reference("the request"),
                choice(
                    "kind",
                    "Kind",
                    "Which right; none in the quarter: the line that says that nobody asked.",
                    (
                        "access",
                        "rectification",
                        "erasure",
                        "restriction",
                        "portability",
                        "objection",
                        "automated decision",
                        NONE,
                    ),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                choice(
                    "path", "Path", "How it came.", ("portal", "e-mail", "letter", "telephone", "in person"), facet=True
                ),
                day(
                    "received_on",
                    "Received on",
                    "The day it came, or the last day of the quarter.",
                    listed=True,
                ),
                answer("identity", "Identity", "Whether it is sure who asks."),
                day("extended_on", "Extended on", "The day the person was told that it takes longer."),
                text("extended_because", "Why it takes longer", "The reason the person was told."),
                unit("the request"),
                owned("the answer"),
            ),
        ),
        Group(
            title="The answer",
            fields=(
                long("searched", "Searched", "The systems and files that were looked through, AI systems included."),
                systems_of("The AI systems whose data or decisions it is about."),
                day("answered_on", "Answered on", "The day the answer went out.", listed=True),
                choice(
                    "outcome",
                    "Outcome",
                    "What the answer was.",
                    ("granted", "partly granted", "refused", "withdrawn"),
                    facet=True,
                    listed=True,
                ),
                long("reason", "Reason", "Why it was refused, in full or in part."),
                long("effect", "Proof of effect", "How it is known that erasure or correction reached every copy."),
                owner("Who read the answer before it went out.", name="read_by", label="Read by"),
                ended("the request"),
            ),
        ),
    ),
    rule=_rule,
)
