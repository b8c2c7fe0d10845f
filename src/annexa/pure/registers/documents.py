"""Controlled documents: clause 7.5 of ISO/IEC 27001, 42001 and 27701, and their A.5.1, A.5.37 and A.2.

A record says what the document is, who answers for it and what it is to prove. Its text, the versions of it and who
approved which are steps of their own: annexa.pure.document_steps.
"""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, links, long, owner, text, whole
from annexa.pure.register import Entry, Group, Register, ended, management_systems, name, owned, reference, unit
from annexa.pure.registers.assets import CLASSIFICATIONS

KINDS: tuple[str, ...] = (
    "policy", "procedure", "rules", "plan", "method", "charter", "scope statement", "template", "record",
    "external document",
)  # fmt: skip
"""What a controlled document may be. Rules: a standard, scheme or guideline of the organisation's own."""
EXPECTATION = "expectation"
"""What a document may lead to: an expectation of a control that asks for a published document."""
MOST_REVIEWERS = 20


def addresses(lines: str) -> tuple[str, ...]:
    """The people named in a text, one a line, in small letters, each once."""
    return tuple(dict.fromkeys(found for line in lines.splitlines() if (found := line.strip().lower())))


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    reviewers = addresses(entry.reviewers)
    if len(reviewers) > MOST_REVIEWERS:
        yield FieldProblem(field="reviewers", message=f"names {len(reviewers)} people; {MOST_REVIEWERS} are allowed")
    for one in reviewers:
        if one.count("@") != 1 or one.strip("@") != one or " " in one:
            yield FieldProblem(field="reviewers", message=f"has {one}, which is no e-mail address")
    if entry.approver and entry.approver.lower() in reviewers:
        yield FieldProblem(field="reviewers", message="names the approver, who reads it anyway before approving")


DOCUMENTS = Register(
    noun="document",
    plural="documents",
    one="document",
    title="Documents",
    says="Policies, procedures and other documents that the organisation keeps under control.",
    asked_by=("ISO/IEC 27001 7.5", "ISO/IEC 42001 7.5", "ISO/IEC 27701 7.5"),
    place="operation",
    groups=(
        Group(
            title="The document",
            fields=(
                name("The title as people look for it.", label="Title"),
                reference("the document"),
                choice("kind", "Kind", "What it is.", KINDS, required=True, facet=True, listed=True),
                long("description", "Description", "What it settles and for whom."),
                text("language", "Language", "The language it is written in, such as en or de.", longest=40),
                management_systems("the policy is the one of"),
                text("covers", "Parts of the organisation", "Whom it binds; of a policy, as in the scope (5.2)."),
                unit("the document"),
                owned("what it says"),
                ended("the document"),
            ),
        ),
        Group(
            title="Its control",
            help="Who reads, approves and reviews it (7.5.2), and how it is kept (7.5.3).",
            fields=(
                owner(
                    "Who approves its versions, best by e-mail address; nobody approves what they wrote.",
                    name="approver",
                    label="Approver",
                ),
                long("reviewers", "Reviewers", "Who reads a version before approval: e-mail addresses, one a line."),
                whole(
                    "review_months",
                    "Review every (months)",
                    "How long a version counts before somebody has to ask whether it still holds.",
                    least=1,
                    most=60,
                ),
                choice(
                    "classification",
                    "Classification",
                    "How confidential it is. Everybody here reads what is public or internal.",
                    CLASSIFICATIONS,
                    facet=True,
                    listed=True,
                ),
                text("kept_at", "Kept at", "Where it is, if not here."),
                text("retention", "Retention", "How long withdrawn versions are kept."),
            ),
        ),
        Group(
            title="What it proves",
            help="It counts from the publication of a version that says the same, until its review is due.",
            fields=(
                links("serves", "Serves", "The expectations of controls that ask for this document.", to=EXPECTATION),
                long("clauses", "Clauses", "The requirements that ask for it, one a line, such as iso27001-2022 5.2."),
            ),
        ),
    ),
    rule=_rule,
)
