"""Information assets and the parts AI systems are made of: ISO/IEC 27001 A.5.9, ISO/IEC 42001 A.4.2 to A.4.6."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, choices, day, link, links, long, text
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    controls_of,
    ended,
    name,
    order_problem,
    owned,
    reference,
    systems_of,
    unit,
)

AI_KINDS: tuple[str, ...] = (
    "model",
    "training dataset",
    "validation dataset",
    "test dataset",
    "prompt",
    "prompt library",
    "model output store",
    "third-party AI platform",
    "API integration",
    "monitoring log",
    "agent",
)
"""What an AI system is made of."""
OTHER_KINDS: tuple[str, ...] = (
    "information",
    "application",
    "infrastructure",
    "device",
    "facility",
    "service",
)
CLASSIFICATIONS: tuple[str, ...] = ("public", "internal", "confidential", "strictly confidential")
LIFE: tuple[str, ...] = ("planned", "in use", "being retired", "retired")
PROTECTION: tuple[str, ...] = (
    "encrypted at rest",
    "encrypted in transit",
    "access restricted",
    "backed up",
    "logged",
    "pseudonymised",
    "versioned",
    "integrity checked",
)


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    if entry.privileges and entry.kind != "agent":
        yield FieldProblem(field="privileges", message="is given although the asset is not an agent")
    yield from order_problem(entry, ASSETS, "in_use_since", "ended_on")


ASSETS = Register(
    noun="asset",
    plural="assets",
    one="asset",
    title="Assets",
    says="What the organisation has to protect, and what its AI systems are made of, each with an owner and a class.",
    asked_by=("ISO/IEC 27001 A.5.9", "ISO/IEC 27001 A.5.12", "ISO/IEC 42001 A.4.2", "ISO/IEC 42001 A.4.3"),
    place="inventory",
    groups=(
        Group(
            title="What it is",
            fields=(
                name("What people in the organisation call the asset."),
                reference("the asset"),
                choice(
                    "kind",
                    "Kind",
                    "What sort of thing it is; the first eleven are what AI systems are made of.",
                    (*AI_KINDS, *OTHER_KINDS),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                long("purpose", "Purpose", "What it is there for and who relies on it."),
                unit("the asset"),
                owned("the asset"),
            ),
        ),
        Group(
            title="Protection",
            help="ISO/IEC 27001 A.5.12 asks for a class by what harm disclosure, change or loss would do.",
            fields=(
                choice(
                    "classification",
                    "Classification",
                    "How sensitive it is, in the words of the classification policy.",
                    CLASSIFICATIONS,
                    facet=True,
                    listed=True,
                ),
                choice(
                    "personal_data",
                    "Personal data",
                    "Whether it holds data about identifiable people, special categories apart (GDPR Art. 9).",
                    ("none", "personal data", "special categories"),
                    facet=True,
                ),
                text("location", "Location", "Where it is kept: a region, a site, a system of a supplier."),
                choices("protection", "Protection", "What protects it.", PROTECTION),
                controls_of("The controls that protect it; they count for every AI system that depends on it."),
                long("privileges", "Privileges", "For an agent: what it may do by itself, with which accounts."),
            ),
        ),
        Group(
            title="Life",
            fields=(
                choice("stage", "Stage", "Where it stands in its life.", LIFE, facet=True),
                text("version", "Version", "The version in use, as its maker calls it.", longest=100),
                day("in_use_since", "In use since", "The day it went into use."),
                text("retention", "Retention", "How long it is kept, and by which rule, such as 6 months (Art. 19)."),
                day("reviewed_on", "Reviewed on", "The day somebody last looked whether this is still true."),
                ended("the asset"),
            ),
        ),
        Group(
            title="Relations",
            help="From these the graph is drawn; what bears on an asset reaches every AI system that uses it.",
            fields=(
                systems_of("The AI systems that use it."),
                links("uses", "Uses", "Assets it cannot do without.", to="asset"),
                links("trained_on", "Trained on", "For a model: the datasets it was trained or tuned on.", to="asset"),
                link("hosted_by", "Hosted by", "The platform or infrastructure that runs it.", to="asset"),
                links("feeds", "Feeds", "Assets that its output goes into.", to="asset"),
                link("supplier", "Supplier", "Who provides it, if somebody else does.", to="supplier"),
            ),
        ),
    ),
    rule=_rule,
)
