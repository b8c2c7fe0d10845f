"""A small organisation with every kind of fact, for tests that need verdicts of all sorts."""

from datetime import datetime, timedelta

from annexa.actions.controls import adopt_control, judge
from annexa.actions.evidence import add_evidence
from annexa.actions.organisation import set_up_organisation
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.pure.permits import Actor
from annexa.pure.systems import SystemFacts

FRAMEWORKS = ("iso42001-2023", "eu-ai-act")
SYSTEMS = (
    SystemFacts(
        name="Chatbot", purpose="Answers customers", stage="operation", roles=("deployer",), classes=("transparency",),
        owner="kim@example.org", personal_data="yes", impact_assessment="yes", monitoring="yes",
    ),
    SystemFacts(
        name="Credit score", purpose="Rates loans", stage="operation", roles=("provider", "deployer"),
        classes=("high-risk",), high_risk_by="annex-iii", owner="lee@example.org",
    ),
    SystemFacts(name="Old planner", stage="retirement", owner="kim@example.org"),
)  # fmt: skip


def found_house(now: datetime) -> Actor:
    """Sets it up: three AI systems, four controls, evidence that passes, fails, and has expired by `now`."""
    early = now - timedelta(days=400)
    _, person = set_up_organisation(
        name="Test House",
        admin_email="ada@example.org",
        admin_name="Ada Admin",
        password="correct horse battery staple",
        now=early,
    )
    actor = actor_of(person)
    for facts in SYSTEMS:
        add_system(actor=actor, facts=facts, now=early)
    for control in ("GOV-02", "SUP-01", "INC-03", "LIF-03"):
        adopt_control(actor=actor, person=person, control=control, state="implemented", now=early)
    adopt_control(
        actor=actor, person=person, control="PHY-01", state="excluded", because="No premises of our own", now=early
    )
    judge(actor=actor, person=person, kind="minor nonconformity", subject="GOV-02", because="One policy lacks a date",
          now=early)  # fmt: skip
    for control, expectation, at, more in (
        ("SUP-01", "due-diligence-files", early, {}),
        ("INC-03", "post-incident-reviews", now - timedelta(days=9), {}),
        ("INC-03", "lessons-register", now - timedelta(days=9), {"passing": False}),
        ("GOV-02", "approved-policies", now, {}),
        ("GOV-02", "acknowledgements", now, {}),
        ("LIF-03", "test-plan", now, {"scope": "credit-score"}),
    ):
        add_evidence(
            actor=actor, person=person, control=control, expectation=expectation, limit_bytes=10_000, now=at,
            file=f"{control} {expectation}, in bytes\n".encode() * 5, name=f"{expectation}.txt", **more,
        )  # fmt: skip
    return actor
