"""Due diligence by questionnaire: where one that was sent stands, what its answers amount to.

Sources: ISO/IEC 27001 A.5.19 to A.5.22, ISO/IEC 42001 A.10.3, GDPR Art. 28(1), NIS 2 Art. 21(2)(d).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Literal, get_args

from annexa.pure.questionnaires import Answers, Concern, Question, Questionnaire, concerns, open_questions, wrong

FileStep = Literal["taken back", "taken over"]
FILE_STEPS: tuple[str, ...] = get_args(FileStep)
FILE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "application/pdf": "PDF",
        "image/png": "PNG",
        "image/jpeg": "JPEG",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PPTX",
        "text/plain": "text",
        "text/csv": "CSV",
    }
)
"""What suppliers may send, as the content shows it; each with what people call it."""
MOST_FILES = 40
"""Files that one link takes in all, those taken back among them: whoever has it cannot fill the store."""
Step = Literal["handed in", "returned", "withdrawn", "judged"]
STEPS: tuple[str, ...] = get_args(Step)
State = Literal["open", "returned", "handed in", "judged", "withdrawn", "closed"]
OUTCOMES: tuple[str, ...] = ("adequate", "adequate with conditions", "not adequate")
WEIGHT: Mapping[str, float] = MappingProxyType({"low": 0.25, "medium": 0.5, "high": 0.75, "critical": 1.0})
"""How much of the point that a question gives is lost by a concern of each severity."""
AGAIN: Mapping[str, timedelta] = MappingProxyType(
    {"critical": timedelta(days=365), "important": timedelta(days=365), "standard": timedelta(days=730)}
)
"""After what time a supplier of each tier is looked at again."""
LINK_LASTS = timedelta(days=30)
"""How long a link still opens after the day on which answers were due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the answers amount to, from 0 to 100, over the questions whose answer can worry anybody and was given.

    None where there is no such answer: nothing to score is not a good score. A critical concern stays what it is
    whatever the score, so `outcome` proposes from the worst concern, not from the mean.
    """

    points: int | None
    scored: int
    concerns: tuple[Concern, ...]

    @property
    def worst(self) -> str:
        """The severity of the worst concern; "" without one."""
        return self.concerns[0].severity if self.concerns else ""

    @property
    def outcome(self) -> str:
        """The judgement that the concerns propose; a person decides."""
        if self.worst == "critical":
            return "not adequate"
        return "adequate with conditions" if self.worst in ("medium", "high") else "adequate"


def score(questionnaire: Questionnaire, answers: Answers) -> Score:
    """Score the answers given so far."""
    found = concerns(questionnaire, answers)
    lost = {one.question: WEIGHT[one.severity] for one in found}
    scored = [
        question
        for question in open_questions(questionnaire, answers)
        if question.worries and question.id in answers and not wrong(question, answers[question.id])
    ]
    points = round(100 * (1 - sum(lost.get(one.id, 0.0) for one in scored) / len(scored))) if scored else None
    return Score(points=points, scored=len(scored), concerns=found)


def state_of(steps: Iterable[str], *, expires_on: date, on: date) -> State:
    """Where a questionnaire stands, from its steps in order. `expires_on`: the first day its link does not open."""
    last = ""
    for step in steps:
        last = step
    if last == "handed in":
        return "handed in"
    if last == "judged":
        return "judged"
    if last == "withdrawn":
        return "withdrawn"
    if on >= expires_on:
        return "closed"
    return "returned" if last == "returned" else "open"


def takes_files(question: Question) -> bool:
    """Whether a file may come with the answer: where the question names what a good answer attaches."""
    return bool(question.evidence)


def certificates_until(held: Iterable[str], taken: Mapping[str, date], before: date | None) -> date | None:
    """The day the first of some certificates ends. `taken`: the days of those whose file somebody took over.

    `before`: the day that stood there; it still counts as long as it may be that of a certificate without a file.
    """
    names = tuple(held)
    days = [taken[one] for one in names if one in taken]
    if before is not None and any(one not in taken for one in names):
        days.append(before)
    return min(days, default=None)


def answerable(state: State) -> bool:
    """Whether the supplier may still write."""
    return state in ("open", "returned")


def next_review(tier: str, on: date) -> date:
    """The day a supplier is to be looked at again; one without a tier as if it were important."""
    return on + AGAIN.get(tier, AGAIN["important"])
