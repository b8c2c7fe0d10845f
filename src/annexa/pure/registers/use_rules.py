"""The organisation's own rules for uses of AI, on top of the library's policy: ISO/IEC 42001 A.2.2, A.9.2."""

from annexa.pure.fields import choice, choices, day, links, long, text
from annexa.pure.register import Group, Register, ended, name, owned, reference
from annexa.pure.registers.assets import CLASSIFICATIONS
from annexa.pure.registers.tools import PERSONAL, PURPOSES
from annexa.pure.registers.uses import OUTCOMES, RESULTS

USE_RULES = Register(
    noun="use_rule",
    plural="use-rules",
    one="rule for uses",
    title="Rules for uses of AI",
    says="What the organisation asks of uses of AI beyond the rules that come with the library; they only tighten.",
    asked_by=("ISO/IEC 42001 A.2.2", "ISO/IEC 42001 A.9.2"),
    place="operation",
    change="change_tools",
    groups=(
        Group(
            title="When it speaks",
            help="It speaks when all of this is so; what is left empty does not matter.",
            fields=(
                name("The rule in a few words.", label="Rule"),
                reference("the rule"),
                links("tools", "Tools", "Only for these tools.", to="tool"),
                choices("purposes", "Purposes", "Only for these purposes.", PURPOSES),
                choice("data_from", "Data from", "From this class of information on.", CLASSIFICATIONS, facet=True),
                choice("personal_from", "Personal data from", "From data this close to people on.", PERSONAL),
                choices("results", "Results", "Only if this happens with what the tool gives.", RESULTS),
            ),
        ),
        Group(
            title="What it says",
            fields=(
                choice(
                    "outcome", "Outcome", "At least this comes of the request.", OUTCOMES[1:], required=True,
                    facet=True, listed=True,
                ),
                long("reason", "Reason", "Why; people who ask read it.", required=True),
                long("condition", "Condition", "What whoever uses it has to keep to."),
                text("clause", "Clause", "The policy or contract it comes from, with its clause."),
                text("unit", "Unit", "The part of the organisation that it binds, with those below; empty: everybody.",
                     facet=True, listed=True),
                owned("the rule"),
                day("reviewed_on", "Reviewed on", "The day somebody last asked whether it is right.", listed=True),
                ended("the rule"),
            ),
        ),
    ),
)  # fmt: skip
