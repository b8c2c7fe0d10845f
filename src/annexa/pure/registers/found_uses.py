"""AI services that logs show, and what was decided about each: ISO/IEC 27001 A.5.9, A.8.16; ISO/IEC 42001 A.9.2."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choice, day, link, long, number, owner, text, whole
from annexa.pure.register import Entry, Group, Register, ended, name, order_problem

JUDGEMENTS: tuple[str, ...] = ("brought in", "blocked", "asked", "left")
"""What becomes of a service that was found: it comes into the catalogue, it is forbidden there, whoever uses it is
asked what for, or it is left."""
COUNTED: tuple[str, ...] = (
    "source_name", "first_on", "last_on", "days", "people", "requests", "volume_mb", "approved", "found_on", "tool",
)  # fmt: skip
JUDGED: tuple[str, ...] = ("decision", "reason", "decided_by", "decided_on")


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, FOUND_USES, "first_on", "last_on")
    if entry.decision and not entry.reason:
        yield FieldProblem(field="reason", message="is missing although it is decided")


FOUND_USES = Register(
    noun="found_use",
    plural="found-uses",
    one="found use",
    title="Found uses",
    says="Which AI services logs show, how much they are used, and what was decided about those nobody approved.",
    asked_by=("ISO/IEC 27001 A.5.9", "ISO/IEC 27001 A.8.16", "ISO/IEC 42001 A.9.2"),
    place="operation",
    change="find_uses",
    fixed=lambda _before: frozenset((*COUNTED, *JUDGED)),
    groups=(
        Group(
            title="What was found",
            help="People are counted, not named; fewer than five are not counted out (GDPR Art. 5(1)(c), Art. 25).",
            fields=(
                name("The service, as it calls itself.", label="Service"),
                text("vendor", "Vendor", "Who runs it.", facet=True),
                text("kind", "Kind", "What it is mainly used for.", longest=60, facet=True, listed=True),
                link("tool", "Tool", "The AI tool of the catalogue that it is.", to="tool"),
                answer("approved", "Approved", "Whether the catalogue had it approved.", facet=True, listed=True),
                text("people", "People", "How many used it.", longest=40, listed=True),
                whole("days", "Days", "On how many days it was used.", listed=True),
                whole("requests", "Requests", "How many requests or sign-ins."),
                number("volume_mb", "Volume in MB", "How much went to and fro, in millions of bytes."),
                day("first_on", "First seen on", "The first day of the logs on which it was used."),
                day("last_on", "Last seen on", "The last day of the logs on which it was used.", listed=True),
                text("source_name", "Source", "The export it was found in."),
                day("found_on", "Found on", "The day on which the export was looked through."),
            ),
        ),
        Group(
            title="What was decided",
            fields=(
                choice("decision", "Decision", "What becomes of it.", JUDGEMENTS, facet=True, listed=True),
                long("reason", "Reason", "Why."),
                owner("Who decided.", name="decided_by", label="Decided by"),
                day("decided_on", "Decided on", "The day of the decision."),
                ended("the find"),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
