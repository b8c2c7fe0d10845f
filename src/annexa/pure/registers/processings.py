"""Records of processing activities: GDPR Art. 30, 6, 9, 26, 28 and 44 to 49; ISO/IEC 27701 A.1.2 and A.2.2."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, answer, choice, day, links, long, text
from annexa.pure.register import Entry, Group, Register, ended, name, owned, reference, reviewed, systems_of, unit

INTEREST = "legitimate interest"
JOINT = "joint controller"
PROCESSOR = "processor"
NO_TRANSFER = "no transfer"


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    if entry.safeguard not in ("", NO_TRANSFER) and not entry.transfers:
        yield FieldProblem(field="transfers", message="is missing although there is a safeguard for transfers")
    if entry.special != "none" and entry.special and not entry.special_ground:
        yield FieldProblem(field="special_ground", message=f"is missing although it has {entry.special}")


PROCESSINGS = Register(
    noun="processing",
    plural="processings",
    one="processing activity",
    title="Processing activities",
    says="The record of processing: which personal data, what for, on what ground, to whom, how long, how protected.",
    asked_by=("GDPR Art. 30", "GDPR Art. 6", "GDPR Art. 44", "ISO/IEC 27701 A.1.2.9"),
    place="privacy",
    groups=(
        Group(
            title="The processing",
            fields=(
                name("What is done with the data, such as billing of customers.", label="Processing"),
                reference("the processing"),
                choice(
                    "role",
                    "Our role",
                    "What the organisation is in it (GDPR Art. 4(7), 4(8), 26).",
                    ("controller", JOINT, PROCESSOR),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                long("purpose", "Purposes", "What it is done for."),
                long("people", "Whose data", "The categories of data subjects."),
                long("data", "Which data", "The categories of personal data."),
                choice(
                    "special",
                    "Special data",
                    "Special categories (Art. 9) or data about offences (Art. 10).",
                    ("none", "special categories", "criminal offences"),
                    facet=True,
                ),
                text(
                    "special_ground", "Ground for special data", "The exception of Art. 9(2), or the law for Art. 10."
                ),
                systems_of("The AI systems that take part in it."),
                links("assets", "Assets", "Where the data are kept.", to="asset"),
                unit("the processing"),
                owned("the processing"),
                reviewed("the entry"),
                ended("the processing"),
            ),
        ),
        Group(
            title="Ground",
            fields=(
                choice(
                    "ground",
                    "Legal ground",
                    "The ground of Art. 6(1); for a processor that of its customer.",
                    ("consent", "contract", "legal obligation", "vital interests", "public task", INTEREST),
                    facet=True,
                    listed=True,
                ),
                long(
                    "weighing", "Weighing", "For a legitimate interest: the interest, the need, the balance, the day."
                ),
                text("arrangement", "Joint arrangement", "For joint controllers: where it is, and when it was signed."),
                long("instructions", "Instructions", "For a processor: whose, which limits, where the contract is."),
                answer("dpia", "DPIA", "Whether a data protection impact assessment was made."),
            ),
        ),
        Group(
            title="Recipients, period and protection",
            fields=(
                long("recipients", "Recipients", "Who receives the data, inside and outside."),
                links("processors", "Processors", "The suppliers that process them for you.", to="supplier"),
                text("transfers", "Third countries", "Countries outside the EEA that the data go to."),
                choice(
                    "safeguard",
                    "Safeguard",
                    "What allows the transfer (Art. 45 to 49).",
                    (NO_TRANSFER, "adequacy decision", "standard clauses", "binding corporate rules", "exception"),
                    facet=True,
                ),
                day("transfer_assessed_on", "Transfer assessed on", "The day of the last assessment of the transfer."),
                text("retention", "Retention", "How long, counted from what."),
                long("measures", "Protection", "Technical and organisational measures (Art. 32), in general."),
            ),
        ),
    ),
    rule=_rule,
)
