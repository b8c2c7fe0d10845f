"""Internal and external issues: clause 4.1 of ISO/IEC 27001, 42001 and 27701."""

from annexa.pure.fields import answer, choice, day, long
from annexa.pure.register import Group, Register, ended, management_systems, name, owned, reference, unit

ISSUES = Register(
    noun="issue",
    plural="issues",
    one="issue",
    title="Issues",
    says="What inside and outside the organisation helps or hinders its management systems.",
    asked_by=("ISO/IEC 27001 4.1", "ISO/IEC 42001 4.1", "ISO/IEC 27701 4.1"),
    place="context",
    groups=(
        Group(
            title="The issue",
            fields=(
                name("The issue in a few words.", label="Issue"),
                reference("the issue"),
                choice("side", "Side", "Where it comes from.", ("internal", "external"), required=True, facet=True,
                       listed=True),
                choice(
                    "area",
                    "Area",
                    "What it is about.",
                    ("technology", "people", "market", "law", "society", "environment", "suppliers", "finance"),
                    facet=True,
                    listed=True,
                ),
                long("description", "Description", "What it is, and how it bears on security, AI or privacy."),
                answer("climate", "Climate", "Whether it has to do with climate change, which 4.1 asks to decide."),
                management_systems("the issue"),
                choice("effect", "Effect", "What it does to the goals.", ("hinders", "helps", "both"), facet=True),
                long("response", "Response", "What you do about it."),
                unit("the issue"),
                owned("the response"),
                day("reviewed_on", "Reviewed on", "The day somebody last asked if it holds.", listed=True),
                ended("the issue"),
            ),
        ),
    ),
)  # fmt: skip
