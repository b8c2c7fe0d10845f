"""Keys, certificates and identities of machines: ISO/IEC 27001 A.8.24, A.5.16, A.5.17 and A.8.2."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, day, links, long, owner, text
from annexa.pure.register import Entry, Group, Register, ended, name, order_problem, owned, reference, systems_of, unit

KEYS: tuple[str, ...] = ("key", "certificate")
IDENTITIES: tuple[str, ...] = ("service account", "API key or secret", "agent identity", "emergency account")


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, CREDENTIALS, "made_on", "renew_by")
    if entry.status == "destroyed" and entry.destroyed_on is None:
        yield FieldProblem(field="destroyed_on", message="is missing although it is destroyed")


CREDENTIALS = Register(
    noun="credential",
    plural="credentials",
    one="key or machine identity",
    title="Keys and machine identities",
    says="Keys, certificates and accounts of machines: what for, in whose hands, when to renew. Never secrets.",
    asked_by=("ISO/IEC 27001 A.8.24", "ISO/IEC 27001 A.5.16", "ISO/IEC 27001 A.5.17"),
    place="inventory",
    groups=(
        Group(
            title="What it is",
            fields=(
                name("What it is called in the vault or the directory; never the secret itself."),
                reference("it"),
                choice("kind", "Kind", "What it is.", (*KEYS, *IDENTITIES), required=True, facet=True, listed=True),
                text("purpose", "Purpose", "The one thing it is used for."),
                long("rights", "Rights", "What it may reach and do; for agents also limits of spending and acts."),
                systems_of("The AI systems and agents that use it."),
                links("assets", "Assets", "What it protects or belongs to.", to="asset"),
                text("kept_in", "Kept in", "The vault, module or directory that holds it."),
                text("algorithm", "Algorithm", "Algorithm and length, for keys and certificates.", longest=100),
                unit("it"),
                owned("it"),
                owner("Who stands in.", name="deputy", label="Deputy"),
            ),
        ),
        Group(
            title="Its life",
            fields=(
                choice(
                    "status",
                    "Status",
                    "Where it stands in its life.",
                    ("in use", "suspended", "destroyed"),
                    facet=True,
                    listed=True,
                ),
                day("made_on", "Made on", "The day it was made or last renewed."),
                day("renew_by", "Renew by", "The last day it may be used without being renewed.", listed=True),
                text("recovery", "Recovery", "How it is recovered if lost, or why it need not be."),
                day("destroyed_on", "Destroyed on", "The day it was destroyed."),
                ended("it"),
            ),
        ),
    ),
    rule=_rule,
)
