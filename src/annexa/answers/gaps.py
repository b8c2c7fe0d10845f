"""The gap analysis: framework by framework where requirements stand, what they lack, why that matters, who acts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from annexa.answers.path import Gap, PathPage, gaps
from annexa.answers.tasks import Assignment, Todo, assignments
from annexa.library.risks import risks
from annexa.pure.path import Step
from annexa.pure.permits import Actor
from annexa.pure.posture import Verdict
from annexa.pure.risk import Scenario
from annexa.pure.standards import Framework, Requirement
from annexa.pure.work import urgency

CLOSED = frozenset({Verdict.MET, Verdict.NOT_APPLICABLE})
"""Where there is no gap."""
LATER = "binds later"
"""The state of a requirement that does not bind yet: no verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """One requirement of a gap analysis with who sees to it, and by when.

    `lacks` are the controls it waits for with their verdicts, `classes` the risk classes it is asked of, `weight` how
    much it counts by its day in law (1: it binds), `scenarios` how many risks the missing controls would reduce, and
    `gravest` the worst of them, as the catalogue rates it before any control; what is left of it in this organisation
    nobody has assessed. `task` stands for the next step; `owner` has that, or else answers for its control.
    """

    gap: Gap
    framework: Framework
    requirement: Requirement
    lacks: tuple[tuple[str, Verdict], ...]
    classes: tuple[str, ...]
    weight: float | None
    scenarios: int
    gravest: Scenario | None
    step: Step | None
    task: Todo | None
    owner: str
    due_on: date | None

    @property
    def state(self) -> str:
        """Its verdict, or that it binds later."""
        return LATER if self.gap.later else str(self.gap.verdict)

    @property
    def is_open(self) -> bool:
        """Whether there is a gap at all."""
        return self.gap.verdict not in CLOSED or bool(self.lacks)


@dataclass(frozen=True, slots=True, kw_only=True)
class GapPage:
    """The rows as narrowed, and what they can be narrowed by: states, and owners by name, each with how many."""

    rows: tuple[GapRow, ...]
    total: int
    states: tuple[tuple[str, int], ...]
    owners: tuple[tuple[str, int], ...]
    unowned: int


def gap_page(
    *,
    actor: Actor,
    page: PathPage,
    now: datetime,
    state: str = "",
    owner: str | None = None,
    due: date | None = None,
    only_open: bool = False,
) -> GapPage:
    """The gap analysis behind a path, narrowed. `owner` "" means nobody, None anybody; `due`: at the latest by then.

    Cost: four queries besides the path.
    """
    steps = {step.number: step for step in page.path.steps}
    held = assignments(actor=actor, controls=[step.control.id for step in steps.values()], now=now)
    every = gaps(page)
    reduced = {one: risks().reduced_by(one) for one in {control for gap in every for control in gap.missing}}
    lines = _Lines(page=page, steps=steps, held=held, reduced=reduced)
    told = [lines.row(gap) for gap in every]
    found = [one for one in told if one.is_open or not only_open]
    shown = [
        one
        for one in found
        if (not state or one.state == state)
        and (owner is None or one.owner == owner)
        and (due is None or (one.due_on is not None and one.due_on <= due))
    ]
    owners = Counter(one.owner for one in found if one.step)
    return GapPage(
        rows=tuple(shown),
        total=len(found),
        states=tuple(sorted(Counter(one.state for one in found).items())),
        owners=tuple(sorted((name, n) for name, n in owners.items() if name)),
        unowned=owners[""],
    )


@dataclass(frozen=True, kw_only=True)
class _Lines:
    """What the rows are made from. Lives only for one page. `reduced`: the risks that each control would reduce."""

    page: PathPage
    steps: Mapping[int, Step]
    held: Mapping[str, Assignment]
    reduced: Mapping[str, tuple[Scenario, ...]]

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """What each control of a step is now."""
        return {step.control.id: step.verdict_before for step in self.steps.values()}

    @cached_property
    def frameworks(self) -> Mapping[str, Framework]:
        """The frameworks of the path."""
        return {one.id: one for one in self.page.frameworks}

    def row(self, gap: Gap) -> GapRow:
        """One requirement."""
        framework = self.frameworks[gap.framework]
        step = self.steps[gap.step] if gap.step else None
        assigned = self.held[step.control.id] if step else None
        task = assigned.task if assigned else None
        answers = task.owner if task else assigned.owner if assigned else None
        scenarios = {one.id: one for control in gap.missing for one in self.reduced[control]}.values()
        waits = gap.verdict is not Verdict.MET and bool(gap.missing or gap.because)
        return GapRow(
            gap=gap,
            framework=framework,
            requirement=framework.by_id[gap.requirement],
            lacks=tuple((one, self.verdicts[one]) for one in gap.missing),
            classes=framework.by_id[gap.requirement].binds_classes,
            weight=round(urgency(gap.binds_from, self.page.path.start), 2) if waits else None,
            scenarios=len(scenarios),
            gravest=max(scenarios, key=lambda one: (one.likelihood * one.impact, one.impact), default=None),
            step=step,
            task=task,
            owner=answers.name if answers else "",
            due_on=task.due_on if task else gap.due_on,
        )
