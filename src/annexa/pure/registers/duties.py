"""What binds the organisation and how it complies: ISO/IEC 27001 A.5.31, 42001 4.1 and A.8.5, 27701 A.1.2."""

from collections.abc import Iterable
from datetime import date

from annexa.pure.fields import MOST_LINKS, FieldProblem, choice, day, link, long, text
from annexa.pure.regimes import Event, Regime
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    controls_of,
    ended,
    management_systems,
    name,
    owned,
    reference,
    reviewed,
    systems_of,
    unit,
)


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    if entry.met in ("met", "partly met") and not entry.how:
        yield FieldProblem(field="how", message=f"is missing although it says {entry.met}")


DUTIES = Register(
    noun="duty",
    plural="duties",
    one="duty",
    title="Our duties",
    says="The obligations register: what law, contracts and promises ask of us, who answers for it, and how it is met.",
    asked_by=("ISO/IEC 27001 A.5.31", "ISO/IEC 27001 4.2", "ISO/IEC 42001 4.1", "NIS 2 Art. 21"),
    place="context",
    groups=(
        Group(
            title="The duty",
            fields=(
                name("What has to be done, in a few words.", label="Duty"),
                reference("the duty"),
                choice("kind", "Kind", "What makes it binding.",
                       ("law", "order of an authority", "contract", "standard", "promise of ours"), required=True,
                       facet=True, listed=True),
                text("provision", "Provision", "The text and its place, such as Regulation (EU) 2024/1689 Art. 26(5)."),
                text("taken_from", "Taken from", "Where the timeline of obligations has it.", longest=120),
                long("asks", "What it asks", "What it asks of the organisation, in your own words."),
                day("binds_from", "Binds from", "The day from which it applies here.", listed=True),
                link("party", "Owed to", "The interested party to whom it is owed.", to="party"),
                systems_of("The AI systems it concerns; empty: the organisation as a whole."),
                management_systems("the duty"),
            ),
        ),
        Group(
            title="How we comply",
            fields=(
                choice("met", "Compliance", "How far it is met.",
                       ("met", "partly met", "not met", "not due yet", "out of scope"), facet=True, listed=True),
                long("how", "How it is met", "What meets it, what is missing, or why it does not apply."),
                controls_of("The controls that meet it."),
                text("stake", "At stake", "What a breach costs: a fine, damages, a permit."),
                unit("the duty"),
                owned("the duty"),
                reviewed("the answer"),
                ended("the duty"),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip


def duty_of(regime: Regime, event: Event, *, owner: str, systems: tuple[str, ...], on: date) -> Entry:
    """What an event of the law's timeline asks, as a duty that nobody answered yet. An open day stays empty."""
    return DUTIES.tidied(
        DUTIES.make(
            {
                "name": event.title[: DUTIES.field["name"].longest],
                "kind": "law",
                "provision": f"{regime.title} {event.article}".strip()[: DUTIES.field["provision"].longest],
                "taken_from": f"{regime.id}/{event.id}",
                "asks": event.what_it_means,
                "binds_from": event.on,
                "met": "not due yet" if event.on is None or event.on > on else "",
                "systems": systems[:MOST_LINKS],
                "owner": owner,
            }
        )
    )
