"""The joint risk register: ISO/IEC 27001 6.1.2 and 8.2, ISO/IEC 42001 6.1.2 and 8.2, ISO/IEC 27701 6.1.2."""

from collections.abc import Iterable
from decimal import Decimal

from annexa.pure.fields import (
    Field,
    FieldProblem,
    amount_of,
    choice,
    day,
    links,
    long,
    money,
    number,
    owner,
    text,
    whole,
)
from annexa.pure.register import (
    Entry,
    Group,
    Register,
    controls_of,
    ended,
    management_systems,
    name,
    order_problem,
    owned,
    reference,
    systems_of,
    unit,
)
from annexa.pure.risk import AREAS, HARMED, MOST_STEPS

TREATMENTS: tuple[str, ...] = ("modify", "avoid", "share", "retain")
"""What may be done about a risk, in the words of ISO/IEC 27005."""
ACCEPTED = frozenset({"accepted_level", "accepted_until", "accepted_by"})
"""What only the acceptance of a risk fills in."""
PEOPLE: tuple[str, ...] = tuple(one for one in HARMED if one != "organisation")
"""Who is harmed beside the organisation."""


def _step(name_: str, label: str, help_: str, **more: bool) -> Field:
    return whole(name_, label, help_, least=1, most=MOST_STEPS, **more)


def _left(name_: str, label: str, of: str) -> Field:
    return number(name_, label, f"{of}, in per cent, when every control linked here is effective.", most=100)


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    yield from order_problem(entry, RISKS, "identified_on", "ended_on")
    yield from order_problem(entry, RISKS, "assessed_on", "next_review_on")
    for side in ("likelihood", "impact"):
        inherent, target = entry.values[side], entry.values[f"target_{side}"]
        if target is not None and (inherent is None or target > inherent):
            said = "without what it is before controls" if inherent is None else f"above the {inherent} before controls"
            yield FieldProblem(field=f"target_{side}", message=f"is {target}, {said}")
    if both := set(entry.controls) & set(entry.controls_on_impact):
        yield FieldProblem(field="controls_on_impact", message=f"has {min(both)}, which is linked above already")
    yield from _range_problems("frequency", (entry.frequency_low, entry.frequency_likely, entry.frequency_high))
    yield from _loss_problems(entry)


def _loss_problems(entry: Entry) -> Iterable[FieldProblem]:
    """Losses are above nothing, in one currency, and in order."""
    told = {part: amount_of(entry.values[f"loss_{part}"]) for part in ("low", "likely", "high")}
    given = {part: one for part, one in told.items() if one}
    wrong = [FieldProblem(field=f"loss_{part}", message="is not above 0") for part, (n, _) in given.items() if n <= 0]
    first = next((currency for _, currency in given.values()), "")
    wrong += [
        FieldProblem(field=f"loss_{part}", message=f"is not in {first} as the others are")
        for part, (_, currency) in given.items()
        if currency != first
    ]
    yield from wrong or _range_problems("loss", tuple(one[0] if one else None for one in told.values()))


def _range_problems(side: str, parts: tuple[Decimal | float | None, ...]) -> Iterable[FieldProblem]:
    """A range has two ends in order, and what is likely lies between them."""
    low, likely, high = (None if one is None else float(one) for one in parts)
    if low is None or high is None:
        for part in ("low", "high") if (low, likely, high) != (None, None, None) else ():
            if (low if part == "low" else high) is None:
                yield FieldProblem(field=f"{side}_{part}", message="is missing; a range has two ends")
    elif low > high:
        yield FieldProblem(field=f"{side}_low", message="is above the high end")
        yield FieldProblem(field=f"{side}_high", message="is below the low end")
    elif likely is not None and not low <= likely <= high:
        yield FieldProblem(field=f"{side}_likely", message="does not lie between the two ends")


RISKS = Register(
    noun="risk",
    plural="risks",
    one="risk",
    title="Risks",
    says="What could go wrong for security, AI and privacy, how bad that is, who answers for it, and what is done.",
    asked_by=("ISO/IEC 27001 6.1.2", "ISO/IEC 27001 8.2", "ISO/IEC 42001 6.1.2", "ISO/IEC 42001 8.2", "AI Act Art. 9"),
    place="inventory",
    fixed=lambda _before: ACCEPTED,
    groups=(
        Group(
            title="What could happen",
            help="ISO/IEC 42001 6.1.2 asks for consequences to the organisation, to individuals and to societies.",
            fields=(
                name("The event in a few words.", label="Risk"),
                reference("the risk"),
                choice("area", "Area", "What it is mostly about.", AREAS, required=True, facet=True, listed=True),
                management_systems("the risk"),
                text("scenario", "Scenario", "The scenario of the catalogue it began with, such as SC-AI-03.",
                     longest=40),
                long("threat", "Threat", "Who or what brings it about, and how."),
                long("weakness", "Weakness", "What makes it possible."),
                *(
                    long(f"harm_to_{who}", f"Harm to {'the ' if who == 'organisation' else ''}{who}",
                         f"What it would do to {'the ' if who == 'organisation' else ''}{who}; empty if nothing.")
                    for who in HARMED
                ),
                systems_of("The AI systems it can happen to."),
                links("assets", "Assets", "The assets it can happen to.", to="asset"),
                links("suppliers", "Suppliers", "The suppliers it comes from or reaches.", to="supplier"),
                unit("the risk"),
                owned("the risk, and may decide what is done about it"),
                day("identified_on", "Identified on", "The day it was first seen."),
            ),
        ),
        Group(
            title="Before controls",
            help="On the scale of the organisation, as if no control were there. The worst of the four harms decides.",
            fields=(
                _step("likelihood", "Likelihood", "The step of the scale, from 1 upwards.", listed=True),
                _step("impact", "Impact", "The step of the scale, from 1 upwards.", listed=True),
                long("rated_because", "Rated because", "Why these two steps: counts, cases, estimates."),
                day("assessed_on", "Assessed on", "The day likelihood and impact were last judged."),
                day("next_review_on", "Next review on", "The day it is judged again at the latest."),
            ),
        ),
        Group(
            title="Treatment",
            help="What is left is computed from the verdicts of the controls: only effective ones count.",
            fields=(
                choice("treatment", "Treatment", "What you do about it.", TREATMENTS, facet=True, listed=True),
                long("treated_because", "Treated because", "Why so, and what else was considered."),
                controls_of("Controls that make it less likely."),
                links("controls_on_impact", "Controls on impact", "Controls that make it less bad.", to="control"),
                _step("target_likelihood", "Likelihood aimed at",
                      "The step that is left when every control against likelihood is effective."),
                _step("target_impact", "Impact aimed at",
                      "The step that is left when every control on impact is effective."),
            ),
        ),
        Group(
            title="In money",
            help="Ranges that hold nine times in ten; with a likely value, their ends are the extremes. Harm to people "
            "is judged above, never in money.",
            fields=(
                number("frequency_low", "Events a year, low", "How often at least.", least=0.0001, most=100_000),
                number("frequency_likely", "Events a year, likely", "Most likely; may be empty.", least=0.0001,
                       most=100_000),
                number("frequency_high", "Events a year, high", "How often at most.", least=0.0001, most=100_000),
                money("loss_low", "Loss, low", "What one event costs at least."),
                money("loss_likely", "Loss, likely", "Most likely; may be empty."),
                money("loss_high", "Loss, high", "What one event costs at most."),
                _left("frequency_left", "Events left", "How many of the events are left"),
                _left("loss_left", "Loss left", "How much of the loss is left"),
            ),
        ),
        Group(
            title="Acceptance",
            help="Proposed and accepted by two people on the page of the risk, for a year at most.",
            fields=(
                text("accepted_level", "Accepted level", "The level of what is left that was accepted.", longest=40),
                day("accepted_until", "Accepted until", "The last day on which that holds."),
                owner("Who accepted it, by e-mail address.", name="accepted_by", label="Accepted by"),
            ),
        ),
        Group(
            title="End",
            fields=(
                ended("the risk"),
                text("ended_because", "Ended because", "Why it can no longer happen, or where it went."),
            ),
        ),
    ),
    rule=_rule,
)  # fmt: skip
