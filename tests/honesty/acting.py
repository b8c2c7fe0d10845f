"""What people do in an organisation, at random: every verb that moves a verdict, a risk, a statement or a figure.

One number decides everything about one deed, so that a sequence of a thousand of them can be drawn, and told again.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from annexa.actions.access_reviews import carry_out_access, close_access_review, decide_access, open_access_review
from annexa.actions.assessments import (
    answer_assessment,
    approve_assessment,
    hand_in_assessment,
    return_assessment,
    start_assessment,
    withdraw_assessment,
)
from annexa.actions.classification import answer_classification, ask_review, review_classification
from annexa.actions.controls import adopt_control, close_judgement, judge
from annexa.actions.documents import (
    approve_version,
    confirm_version,
    hand_in,
    publish_version,
    withdraw_version,
    write_version,
)
from annexa.actions.errors import ActionError
from annexa.actions.evidence import add_evidence, attest
from annexa.actions.organisation import choose_frameworks
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of
from annexa.actions.readings import acknowledge, ask_to_read
from annexa.actions.registers import add_record, change_record, change_records, import_register
from annexa.actions.risks import choose_risk_scale, decide_acceptance, propose_acceptance, withdraw_acceptance
from annexa.actions.soa import ask_approval, decide_applicability, decide_statement, withdraw_statement
from annexa.actions.systems import add_system, change_system, import_systems
from annexa.actions.tasks import Wanted, make_tasks, move_task, withdraw_task
from annexa.actions.uses import ask_use, decide_use, renew_use, withdraw_use
from annexa.answers.imports import export_systems, plan_systems
from annexa.answers.register_files import export_register, plan_register
from annexa.answers.soa import draft
from annexa.library.classification import classifications
from annexa.library.load import library
from annexa.pure.facts import ADOPTION_STATES, JUDGEMENT_KINDS, ORGANISATION
from annexa.pure.fields import Field
from annexa.pure.kpis import KPIS
from annexa.pure.permits import ANNEXA
from annexa.pure.register import Entry, Register
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.documents import DOCUMENTS
from annexa.pure.registers.indicators import INDICATORS
from annexa.pure.registers.objectives import OBJECTIVES
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.uses import USES
from annexa.pure.soa import REASONS, Choice
from annexa.pure.standards import ExpectationKind
from annexa.pure.systems import FIELDS, SystemFacts
from annexa.records.access_reviews import AccessDecision, AccessList, AccessReview
from annexa.records.assessments import Assessment, AssessmentStep
from annexa.records.classifications import ClassificationAnswers
from annexa.records.controls import Judgement
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.records.registers import TABLES, RegisterRow
from annexa.records.risks import RiskProposal
from annexa.records.soa import StatementVersion
from annexa.records.systems import AiSystem
from annexa.records.tasks import Task
from tests.assessing import answers_to

CONTROLS = (
    "GOV-02", "GOV-03", "GOV-07", "INC-03", "SUP-01", "AIM-02", "DAT-03", "IMP-02", "LIF-03", "LIF-07", "RSK-03",
    "CRY-01",
)  # fmt: skip
"""Few enough that what is done about one meets what was done before; of both levels."""
FRAMEWORKS = ("iso42001-2023", "eu-ai-act", "iso27001-2022")
FORMS = ("ai-system-impact-assessment", "fria")
LAW = "eu-ai-act"
DAY = timedelta(days=1)
SEVERAL = frozenset({"assesses", "proves_wholly", "states", "writes", "reviews_access", "reviews_classification"})
"""What takes several actions, of which a later one may be refused."""


@cache
def _controls() -> tuple[str, ...]:
    """Those that the library has."""
    return tuple(one for one in CONTROLS if one in library().controls)


@cache
def _provable() -> tuple[str, ...]:
    """Those that ask for more than records."""
    held = library().controls
    return tuple(
        one for one in _controls() if any(e.kind is not ExpectationKind.RECORD for e in held[one].expectations)
    )


@dataclass(kw_only=True)
class Acting:
    """Who acts, and when it is. `done` and `refused` count what became of each kind of deed."""

    now: datetime
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def act(self, name: str, seed: int) -> str:
        """Does one thing, later than the one before; what became of it, in words. What is refused leaves nothing."""
        rng = Random(seed)
        self.now += timedelta(minutes=rng.choice((1, 7, 61, 600, 1500)), microseconds=seed + 1)
        size = LedgerEntry.objects.count()
        try:
            DEEDS[name](self, rng)
            self.done[name] += 1
            said = ""
        except ActionError as error:
            self.refused[name] += 1
            said = f"refused: {error}"
        left = LedgerEntry.objects.count() - size
        assert not (said and left) or name in SEVERAL, f"{name} left {left} entries and was {said}"
        return said or f"{left} entries"

    # --- who and what there is

    @property
    def today(self) -> date:
        return self.now.date()

    def person(self, rng: Random, *roles: str) -> dict[str, Any]:
        """Somebody, as `actor`, `person` and `now` of an action."""
        people = Person.objects.filter(is_active=True).order_by("id")
        found = rng.choice(people.filter(role__in=roles or ("administrator", "lead", "owner")))
        return {"actor": actor_of(found), "person": found, "now": self.now}

    def program(self) -> dict[str, Any]:
        """The program, for what nobody signs."""
        return {"actor": ANNEXA, "now": self.now}

    def systems(self) -> list[str]:
        return list(AiSystem.objects.order_by("slug").values_list("slug", flat=True))

    def scope(self, rng: Random) -> str:
        return ORGANISATION if rng.random() < 0.5 else rng.choice(self.systems())

    def row(self, rng: Random, register: Register) -> RegisterRow:
        """Some record of a register."""
        rows = TABLES[register.noun].objects.order_by("slug")
        found: RegisterRow = rows[rng.randrange(rows.count())]
        return found

    def day(self, rng: Random) -> date:
        """A day of the last or the coming year."""
        return self.today + timedelta(days=rng.choice((-400, -90, -30, -1, 0, 1, 5, 30, 90, 365)))

    def slugs(self, noun: str) -> Sequence[str]:
        """What a field may lead to."""
        if noun == "control":
            return _controls()
        if noun == "expectation":
            return ("CRY-01/crypto-standard",)
        if noun == "ai_system":
            return self.systems()
        return list(TABLES[noun].objects.order_by("slug").values_list("slug", flat=True)[:8])

    def value(self, rng: Random, about: Field) -> Any:
        """A value of a field."""
        emails = ("ada@example.org", "lee@example.org", "ola@example.org", "gone@example.org", "")
        match about.kind:
            case "choice" | "answer":
                return rng.choice([one for one in about.choices if one or not about.required])
            case "choices":
                return tuple(one for one in about.choices if rng.random() < 0.3)
            case "date":
                return self.day(rng) if rng.random() < 0.8 else None
            case "whole" | "number":
                least, most = int(about.least or 0), int(min(about.most or 0, (about.least or 0) + 4))
                return rng.randint(least, most) if rng.random() < 0.9 else None
            case "money":
                return rng.choice(("", "100.00 EUR", "2500.00 EUR"))
            case "link":
                return rng.choice(["", *self.slugs(about.to)])
            case "links":
                return tuple(one for one in self.slugs(about.to) if rng.random() < 0.25)
        return (
            rng.choice(emails)
            if about.person
            else rng.choice(("Some text", "Other text", "x" if about.required else ""))
        )

    def entry(self, rng: Random, register: Register, before: Entry | None = None) -> Entry:
        """A record that its register accepts: a new one, or another state of one."""
        fixed = register.fixed(before)
        names = [one.name for one in register.fields if one.name not in fixed | {"name", "reference", "unit", "kpi"}]
        if before is None:
            values = {one.name: self.value(rng, one) for one in register.fields if one.name in names}
            values["name"] = f"{rng.choice(('Old', 'New', 'Big', 'Small'))} {register.one} {rng.randrange(100)}"
            values[register.ends] = None if rng.random() < 0.8 else values[register.ends]
        else:
            values = {one: self.value(rng, register.field[one]) for one in rng.sample(names, k=3)}
        made = register.make(values) if before is None else register.replaced(before, values)
        for _ in range(40):
            made = register.tidied(made)
            wrong = sorted({one.field for one in (*register.problems(made), *register.fixed_problems(before, made))})
            if not wrong:
                break
            made = register.replaced(made, {one: self.value(rng, register.field[one]) for one in wrong})
        return made

    # --- registers

    def adds_record(self, rng: Random) -> None:
        register = rng.choice([one for one in REGISTERS.values() if one is not USES])
        add_record(register=register, entry=self.entry(rng, register), **self.program())

    def changes_record(self, rng: Random) -> None:
        register = rng.choice(list(REGISTERS.values()))
        row = self.row(rng, register)
        change_record(
            register=register, slug=row.slug, entry=self.entry(rng, register, row.entry), seen=row.changed_at,
            **self.program(),
        )  # fmt: skip

    def ends_records(self, rng: Random) -> None:
        register = rng.choice(list(REGISTERS.values()))
        rows = {self.row(rng, register).slug for _ in range(2)}
        values = {register.ends: rng.choice((None, self.today, self.today + DAY, self.today + 40 * DAY))}
        change_records(register=register, slugs=sorted(rows), values=values, **self.program())

    def imports_records(self, rng: Random) -> None:
        register = rng.choice([one for one in REGISTERS.values() if one is not USES])
        data = export_register(actor=ANNEXA, register=register, file_format="csv")
        entry = self.entry(rng, register)
        lines = data.decode().splitlines()
        new = f"Imported {rng.randrange(50)}"
        heading = lines[0].split(",")
        cells = {register.field["name"].label: new, **{one.label: str(entry.values[one.name]) for one in register.fields
                 if one.required and one.name != "name"}}  # fmt: skip
        data = ("\n".join([*lines, ",".join(cells.get(one, "") for one in heading)]) + "\n").encode()
        planned = plan_register(actor=ANNEXA, register=register, data=data, name="list.csv")
        import_register(planned=planned, skip_bad=True, **self.program())

    # --- AI systems

    def adds_system(self, rng: Random) -> None:
        if AiSystem.objects.count() < 9:
            facts = replace(
                self.facts(rng, SystemFacts(name=f"System {rng.randrange(100)}"), most=9), stage="operation"
            )
            add_system(facts=facts, **self.program())

    def changes_system(self, rng: Random) -> None:
        row = AiSystem.objects.get(slug=rng.choice(self.systems()))
        facts = self.facts(rng, row.facts(), most=3)
        change_system(slug=row.slug, facts=facts, seen=row.changed_at, **self.program())

    def imports_systems(self, rng: Random) -> None:
        data = export_systems(actor=ANNEXA, file_format="csv").decode()
        old, new = rng.choice((("yes", "no"), ("no", "yes"), ("operation", "retirement"), ("retirement", "operation")))
        planned = plan_systems(actor=ANNEXA, data=data.replace(f",{old},", f",{new},", 1).encode(), name="systems.csv")
        import_systems(planned=planned, skip_bad=True, **self.program())

    def facts(self, rng: Random, before: SystemFacts, *, most: int) -> SystemFacts:
        """Other facts about an AI system."""
        fields = [one for one in FIELDS if one.name not in ("name", "reference", "unit")]
        values = {one.name: self.value(rng, one) for one in rng.sample(fields, k=most)}
        if "high-risk" not in values.get("classes", before.classes):
            values["high_risk_by"] = ""
        return replace(before, **values)

    def classifies(self, rng: Random) -> None:
        tree, scope = classifications()[LAW], rng.choice(self.systems())
        given = rng.choice([{}, *(one.answers for one in tree.examples)])
        latest = ClassificationAnswers.objects.filter(tree=LAW, scope=scope).order_by("revision").last()
        answer_classification(
            tree=LAW, scope=scope, given={**dict.fromkeys(latest.answers if latest else ()), **given},
            seen=latest.id if latest else "", because=rng.choice(("", "Looked again")),
            **self.person(rng, "owner", "administrator"),
        )  # fmt: skip

    def reviews_classification(self, rng: Random) -> None:
        latest = {one.scope: one for one in ClassificationAnswers.objects.filter(tree=LAW).order_by("revision")}
        made = latest[rng.choice(sorted(latest))]
        if rng.random() < 0.8:
            ask_review(answers=made.id, **self.person(rng, "owner", "administrator"))
        decision = rng.choice(("approved", "approved", "returned"))
        review_classification(answers=made.id, decision=decision, because="Read it", **self.person(rng, "lead"))

    def assesses(self, rng: Random) -> None:
        form, scope = rng.choice(FORMS), rng.choice(self.systems())
        made = Assessment.objects.filter(form=form, scope=scope).order_by("number").last()
        step = AssessmentStep.objects.filter(assessment=made).order_by("recorded_at").last() if made else None
        roll = rng.random()
        if made is None or roll < 0.2:
            made = start_assessment(form=form, scope=scope, because="It is time", **self.person(rng, "owner"))
            answer_assessment(assessment=made.id, given=answers_to(form), **self.person(rng, "owner"))
        elif step is None or roll < 0.4:
            hand_in_assessment(assessment=made.id, because="Done", **self.person(rng, "owner"))
        elif roll < 0.8:
            until = self.today + rng.choice((20, 90, 300)) * DAY
            approve_assessment(
                assessment=made.id, step=step.id, until=until, because="Read it", **self.person(rng, "lead")
            )
        elif roll < 0.9:
            return_assessment(assessment=made.id, step=step.id, because="Not yet", **self.person(rng, "lead"))
        else:
            withdraw_assessment(assessment=made.id, because="Void", **self.person(rng, "lead"))

    # --- controls

    def adopts(self, rng: Random) -> None:
        due = datetime.combine(self.today + rng.choice((5, 60)) * DAY, self.now.timetz())
        adopt_control(
            control=rng.choice(_controls()), state=rng.choice((*ADOPTION_STATES, "implemented", "implemented")),
            scope=self.scope(rng), because="We decided", plan_due=due,
            effective_at=rng.choice((None, None, self.now - 30 * DAY)), **self.person(rng, "lead"),
        )  # fmt: skip

    def proves(self, rng: Random) -> None:
        control = library().controls[rng.choice(_provable())]
        asked = rng.choice([one for one in control.expectations if one.kind is not ExpectationKind.RECORD])
        about = {"control": control.id, "expectation": asked.id, "passing": rng.random() < 0.85}
        about["scope"] = rng.choice(self.systems()) if control.level == "system" else self.scope(rng)
        about["expires_at"] = self.now + rng.choice((2, 20, 90)) * DAY if rng.random() < 0.4 else None
        if asked.kind is ExpectationKind.ATTESTATION:
            attest(statement="I looked at it and it is so.", **about, **self.person(rng))
            return
        add_evidence(
            file=f"{rng.random()}".encode(), name="proof.txt", limit_bytes=1000,
            observed_at=rng.choice((None, None, self.now - 20 * DAY, self.now - 200 * DAY)), **about,
            **self.person(rng),
        )  # fmt: skip

    def proves_wholly(self, rng: Random) -> None:
        """All that a control asks for, so that some become effective."""
        control = library().controls[rng.choice(_controls())]
        scope = rng.choice(self.systems()) if control.level == "system" else ORGANISATION
        by = self.person(rng, "lead", "owner")
        adopt_control(control=control.id, state="implemented", scope=scope, because="We do", **self.person(rng, "lead"))
        for asked in control.expectations:
            about = {"control": control.id, "expectation": asked.id, "scope": scope, **by}
            if asked.kind is ExpectationKind.ATTESTATION:
                attest(statement="I looked at it and it is so.", **about)
            elif asked.kind is not ExpectationKind.RECORD:
                add_evidence(file=f"{rng.random()}".encode(), name="proof.txt", limit_bytes=1000, **about)

    def judges(self, rng: Random) -> None:
        framework = rng.choice(("", "", *FRAMEWORKS))
        leaves = library().frameworks[framework].leaves if framework else ()
        judge(
            kind=rng.choice(JUDGEMENT_KINDS), framework=framework,
            subject=rng.choice(leaves).id if framework else rng.choice(_controls()), because="We found it so",
            scope=self.scope(rng), ends_at=rng.choice((None, self.now + 3 * DAY, self.now + 90 * DAY)),
            **self.person(rng, "lead", "auditor"),
        )  # fmt: skip

    def closes(self, rng: Random) -> None:
        standing = Judgement.objects.filter(closure__isnull=True).order_by("recorded_at")
        found = standing[rng.randrange(standing.count())] if standing.exists() else None
        if found is not None:
            close_judgement(judgement=found.id, because="It was mended", **self.person(rng, "lead"))

    # --- risks

    def rates(self, rng: Random) -> None:
        """A risk that controls hold back: a new one, or another rating of one."""
        likelihood, impact = rng.randint(1, 5), rng.randint(1, 5)
        linked = rng.sample(_controls(), k=4)
        values = {
            "area": rng.choice(("security", "ai", "privacy")), "likelihood": likelihood, "impact": impact,
            "target_likelihood": rng.choice((None, 1, likelihood)), "target_impact": rng.choice((None, 1, impact)),
            "controls": tuple(linked[: rng.randint(0, 2)]),
            "controls_on_impact": tuple(linked[2 : 2 + rng.randint(0, 2)]),
            "systems": tuple(one for one in self.systems() if rng.random() < 0.3), "rated_because": "We talked",
        }  # fmt: skip
        if rng.random() < 0.4:
            name = {"name": f"Risk {rng.randrange(1000)}", "owner": "ola@example.org"}
            add_record(register=RISKS, entry=RISKS.make({**values, **name}), **self.program())
            return
        row = self.row(rng, RISKS)
        entry = RISKS.replaced(row.entry, {**values, "ended_on": None})
        change_record(register=RISKS, slug=row.slug, entry=entry, seen=row.changed_at, **self.program())

    def accepts(self, rng: Random) -> None:
        """Proposes to live with a risk, or takes the next step about a proposal."""
        waiting = RiskProposal.objects.filter(steps__isnull=True).order_by("recorded_at")
        accepted = RiskProposal.objects.filter(steps__step="accepted").exclude(steps__step="withdrawn")
        roll = rng.random()
        if waiting.exists() and roll < 0.5:
            decide_acceptance(
                proposal=waiting[0].id, accept=rng.random() < 0.8, because="Looked at it", **self.person(rng, "lead")
            )
        elif accepted.exists() and roll < 0.6:
            one = accepted.order_by("recorded_at")[0]
            withdraw_acceptance(proposal=one.id, because="No longer", **self.person(rng, "lead"))
        else:
            propose_acceptance(
                risk=rng.choice(("fire", "flood")), until=self.today + rng.choice((3, 60)) * DAY, because="Insured",
                **self.person(rng, "owner"),
            )  # fmt: skip

    def scales(self, rng: Random) -> None:
        scale = rng.choice(("3x3", "5x5", "5x5"))
        appetite = {"": rng.choice(("low", "medium", "high")), "ai": rng.choice(("", "low", "medium"))}
        choose_risk_scale(scale=scale, appetite=appetite, because="Board", **self.person(rng, "lead"))

    # --- statement, frameworks, objectives

    def decides_applicability(self, rng: Random) -> None:
        by = self.person(rng, "lead")
        lines = draft(actor=by["actor"], now=self.now).statement.lines
        choices = [
            Choice(
                framework=line.framework, requirement=line.requirement, applies=rng.random() < 0.7,
                reasons=(rng.choice(REASONS),), because="We do it so",
            )
            for line in rng.sample(lines, k=min(len(lines), rng.choice((1, 4))))
        ]  # fmt: skip
        decide_applicability(choices=choices, until=self.today + rng.choice((2, 90)) * DAY, **by)

    def states(self, rng: Random) -> None:
        """Has the statement approved: decides what is open, asks, and answers."""
        waiting = StatementVersion.objects.filter(decision__isnull=True).order_by("number").last()
        if waiting is not None:
            about = {"number": waiting.number, "because": "I read it"}
            if rng.random() < 0.2:
                withdraw_statement(**about, **self.person(rng, "administrator", "lead"))
            else:
                decision = rng.choice(("approved", "returned"))
                decide_statement(decision=decision, **about, **self.person(rng, "lead"))
            return
        by = self.person(rng, "administrator", "lead")
        if proposals := draft(actor=by["actor"], now=self.now).proposals:
            decide_applicability(choices=[*proposals.values()], until=self.today + 200 * DAY, **by)
        ask_approval(scopes=dict.fromkeys(("isms", "aims", "pims"), "The house"), because="It is time", **by)

    def adopts_frameworks(self, rng: Random) -> None:
        chosen = rng.sample(FRAMEWORKS, k=rng.randint(1, 3))
        choose_frameworks(frameworks=chosen, because="Board", **self.program())

    def aims(self, rng: Random) -> None:
        """An objective that Annexa computes, or an indicator."""
        if rng.random() < 0.3:
            add_record(register=INDICATORS, entry=self.entry(rng, INDICATORS), **self.program())
            return
        values = {
            "name": f"Objective {rng.randrange(1000)}", "kpi": rng.choice(list(KPIS)), "kpi_of": rng.choice(FRAMEWORKS),
            "target": float(rng.randint(0, 100)), "direction": OBJECTIVES.field["direction"].choices[1],
            "due_on": self.today + 20 * DAY,
        }  # fmt: skip
        add_record(register=OBJECTIVES, entry=OBJECTIVES.make(values), **self.program())

    # --- work

    def writes(self, rng: Random) -> None:
        """The next step in the life of a document, whatever it is."""
        document = "crypto-standard" if rng.random() < 0.5 else self.row(rng, DOCUMENTS).slug
        about = {"document": document, "because": "It is time"}
        step = rng.choice(("write", "hand in", "approve", "publish", "confirm", "withdraw", "ask", "read", "all"))
        ola, lee = self.person(rng, "owner"), self.person(rng, "lead")
        text = f"# Rules\n\n{rng.random()}"
        if step in ("write", "all"):
            write_version(content=text, limit_bytes=10_000, **about, **ola)
        if step in ("hand in", "all"):
            hand_in(**about, **ola)
        if step in ("approve", "all"):
            approve_version(**about, **lee)
        if step in ("publish", "all"):
            publish_version(in_force_on=self.today + rng.choice((0, 0, 9)) * DAY, **about, **lee)
        if step == "confirm":
            confirm_version(**about, **lee)
        if step == "withdraw":
            withdraw_version(**about, **lee)
        if step == "ask":
            people = list(Person.objects.filter(is_active=True).order_by("id"))
            ask_to_read(readers=rng.sample(people, k=2), due_on=self.today + 9 * DAY, **about, **lee)
        if step == "read":
            acknowledge(document=document, number=rng.randint(1, 3), **self.person(rng))

    def works(self, rng: Random) -> None:
        """An owner is named, or a task is given, moved or withdrawn."""
        by = self.person(rng, "lead")
        ola = self.person(rng, "owner")["person"]
        task = Task.objects.order_by("recorded_at").last()
        due = self.today + rng.choice((3, 50)) * DAY
        match rng.randrange(4):
            case 0:
                owner = rng.choice((ola, by["person"], None))
                name_owner(controls=[rng.choice(_controls())], owner=owner, scope=self.scope(rng), because="So", **by)
            case 1:
                wanted = Wanted(
                    control=rng.choice(_controls()), owner=ola, due_on=due, effort_days=1.0, because="To do",
                    scope=self.scope(rng),
                )  # fmt: skip
                make_tasks(wanted=[wanted], **by)
            case 2 if task:
                move_task(task=task.id, due_on=due, because="Later", **by)
            case 3 if task:
                withdraw_task(task=task.id, because="Not needed", **by)

    def reviews_access(self, rng: Random) -> None:
        by, listed = self.person(rng, "lead"), AccessList.objects.order_by("recorded_at").last()
        review = AccessReview.objects.filter(end__isnull=True).order_by("recorded_at").first()
        if listed is None or review is None:
            if listed is not None:
                people = Person.objects.filter(role__in=("lead", "administrator")).order_by("id")
                open_access_review(
                    name=f"Access {self.today}", lists=[listed.id], reviewers=list(people), because="It is time",
                    carrier=self.person(rng, "owner")["person"], due_on=self.today + 5 * DAY, **by,
                )  # fmt: skip
            return
        for row in (2, 3, 4):
            decision = rng.choice(("keep", "revoke"))
            decide_access(review=review.id, lines=[(listed.id, row)], decision=decision, to="", because="Asked", **by)
        for one in AccessDecision.objects.filter(review=review, decision="revoke", carried_out__isnull=True):
            carry_out_access(decision=one.id, because="Done", **by)
        close_access_review(review=review.id, because="All asked", **by)

    def uses(self, rng: Random) -> None:
        """Asks to use AI, or the next step about a use."""
        by = self.person(rng)
        if rng.random() < 0.4:
            said = {"purpose": USES.field["purpose"].choices[1], "data_class": "internal", "personal_data": "none",
                    "result": USES.field["result"].choices[1], "tool_named": "A tool"}  # fmt: skip
            ask_use(entry=USES.replaced(self.entry(rng, USES), said), **by)
            return
        row = self.row(rng, USES)
        about = {"slug": row.slug, "because": "We looked", "seen": row.changed_at}
        until, lee = self.today + rng.choice((9, 90)) * DAY, self.person(rng, "lead")
        match rng.randrange(3):
            case 0:
                decision = rng.choice(("approved", "approved with conditions", "refused"))
                decide_use(decision=decision, conditions="Check it", review_on=until, **about, **lee)
            case 1:
                renew_use(review_on=until, **about, **lee)
            case 2:
                withdraw_use(**about, **by)

    def waits(self, rng: Random) -> None:
        """Time passes: evidence goes stale, exclusions end, laws begin to bind."""
        self.now += rng.choice((1, 3, 10, 31, 95)) * DAY


Deed = Callable[[Acting, Random], None]
DEEDS: Mapping[str, Deed] = {
    name: value
    for name, value in vars(Acting).items()
    if callable(value) and not name.startswith("_")
    and name not in {"act", "person", "program", "systems", "scope", "row", "day", "slugs", "value", "entry", "facts"}
}  # fmt: skip
"""Everything that is done, by name."""
