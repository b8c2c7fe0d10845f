"""The documents of the demo organisation: short policies, minutes, registers, test reports and machine results.

Each says in its first line that it belongs to the demo. The same question always gets the same document.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from annexa.pure.standards import Control, Expectation, ExpectationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a document is to show: for which expectation, where (`system` empty: the organisation), when, by whom."""

    organisation: str
    control: Control
    expectation: Expectation
    system: str
    on: datetime
    by: str
    passing: bool
    because: str

    @property
    def where(self) -> str:
        """The AI system, or the organisation."""
        return self.system or self.organisation

    @property
    def title(self) -> str:
        """What the document is called."""
        return self.expectation.id.replace("-", " ").capitalize().replace("Ai ", "AI ")

    @property
    def first_line(self) -> str:
        """Whose document it is."""
        return f"Demo organisation {self.organisation}, an invented example"

    def number(self, key: str, low: int, high: int) -> int:
        """A number from `low` to `high` that is always the same for this document and key."""
        seed = f"{self.control.id}/{self.expectation.id}/{self.system}/{self.on.date()}/{key}"
        return low + int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) % (high - low + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file as somebody would upload it."""

    name: str
    content: bytes


def document(asked: Asked) -> Written:
    """The file that answers an expectation: a machine's result, a test report, minutes, a register, or a text."""
    words = {asked.expectation.id, *asked.expectation.id.split("-")}
    if asked.expectation.kind is ExpectationKind.SIGNAL:
        suffix, text = "json", _result(asked)
    elif asked.expectation.id in _QUESTIONNAIRES:
        suffix, text = "json", _questionnaire(asked)
    elif words & _TESTS:
        suffix, text = "csv", _test_report(asked)
    elif words & _MINUTES:
        suffix, text = "md", _minutes(asked)
    elif words & _REGISTERS:
        suffix, text = "csv", _register(asked)
    else:
        suffix, text = "md", _policy(asked)
    place = re.sub(r"[^a-z0-9]+", "-", asked.system.lower()).strip("-")
    stem = "-".join(part for part in (asked.expectation.id, place, f"{asked.on:%Y-%m-%d}") if part)
    return Written(name=f"{stem}.{suffix}", content=text.encode())


def statement(asked: Asked) -> str:
    """What a person states when an attestation is due."""
    seen = asked.number("seen", 3, 9)
    what = asked.expectation.what[0].lower() + asked.expectation.what[1:]
    return (
        f"{asked.first_line}.\n"
        f"For {asked.where} I state, as {asked.expectation.who}: {what}. "
        f"I looked at {seen} records behind it and spoke with the people who keep them; "
        f"what was open is on the list of actions of {asked.on:%B %Y}."
    )


_QUESTIONNAIRES = frozenset({"due-diligence-files", "service-register"})
_TESTS = frozenset(
    {"test", "tests", "drill", "exercise", "check", "checks", "examination", "validation", "measurement", "audit",
     "assessment"}
)  # fmt: skip
_MINUTES = frozenset({"minutes"})
_REGISTERS = frozenset(
    {"register", "log", "list", "matrix", "inventory", "records", "record", "review", "reviews", "requests", "report",
     "reconciliation", "coverage", "calendar", "actions", "progress", "changes", "sheet", "materials", "certificates",
     "acknowledgements", "programme", "files", "baselines", "models", "applicability", "approval", "composition",
     "system-risk-file"}
)  # fmt: skip


# --- machine results


def _result(asked: Asked) -> str:
    """What a scanner, a monitor or a pipeline reports."""
    checked = asked.number("checked", 40, 900)
    failed = 0 if asked.passing else asked.number("failed", 1, 4)
    until = asked.on.replace(microsecond=0)
    body = {
        "demo": asked.first_line,
        "check": asked.expectation.what,
        "of": asked.where,
        "from": (until - timedelta(days=1)).isoformat(),
        "until": until.isoformat(),
        "checked": checked,
        "failed": failed,
        "result": "pass" if asked.passing else "fail",
        "remark": asked.because or "Nothing to remark.",
        "samples": [
            {"object": name, "result": "fail" if number < failed else "pass"}
            for number, name in enumerate(_names(asked)[:5])
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _questionnaire(asked: Asked) -> str:
    """What suppliers answered and what was made of it."""
    questions = (
        "Where is our data kept, and who can reach it?",
        "Is our data used to train models?",
        "Which models stand behind the service, and how are changes announced?",
        "How are limits and known errors made known?",
        "Which sub-suppliers take part?",
    )
    answers = ("answered, with a document", "answered", "answered after a reminder", "open, condition in the contract")
    body = {
        "demo": asked.first_line,
        "subject": asked.expectation.what,
        "state_on": asked.on.date().isoformat(),
        "suppliers": [
            {
                "name": name,
                "tier": 1 + asked.number(name, 0, 2),
                "looked_at_on": (asked.on - timedelta(days=asked.number(f"{name} day", 3, 90))).date().isoformat(),
                "answers": {q: answers[asked.number(f"{name}{q}", 0, 3)] for q in questions},
                "decision": "taken on with conditions" if asked.number(f"{name}!", 0, 2) else "taken on",
            }
            for name in SUPPLIERS
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


# --- tables


def _register(asked: Asked) -> str:
    """A register or list: a row for every item, with owner, day and state."""
    states = _STATES.get(asked.control.id[:3], _PLAIN_STATES)
    rows = [
        (
            f"{asked.control.id}-{number:02d}",
            name,
            ("control room", "customer service", "IT", "metering", "people")[asked.number(f"{name} unit", 0, 4)],
            (asked.on - timedelta(days=asked.number(f"{name} day", 1, 60))).date().isoformat(),
            states[asked.number(f"{name} state", 0, len(states) - 1)],
        )
        for number, name in enumerate(_names(asked), start=1)
    ]
    if asked.because:
        rows.append((f"{asked.control.id}-remark", asked.because, asked.by, f"{asked.on:%Y-%m-%d}", "noted"))
    return _table(asked, ("item", "unit", "looked at on", "state"), rows)


def _test_report(asked: Asked) -> str:
    """A test report: a row for every case, with what was expected and what was found."""
    rows = []
    for number, name in enumerate(_names(asked), start=1):
        failed = not asked.passing and number == 1
        wanted = asked.number(f"{name} wanted", 90, 99)
        found = wanted - asked.number(f"{name} short", 5, 14) if failed else min(100, wanted + asked.number(name, 0, 4))
        rows.append((f"T{number:02d}", name, f"at least {wanted} %", f"{found} %", "failed" if failed else "passed"))
    result = "failed" if not asked.passing else "passed"
    rows.append(("all", asked.because or f"Looked at by {asked.by}", "", f"{asked.on:%Y-%m-%d}", result))
    return _table(asked, ("case", "expected", "found", "result"), rows)


def _table(asked: Asked, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A CSV file whose first column is headed by whose it is and what it is about."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((f"{asked.first_line}; {asked.title} of {asked.where} on {asked.on:%Y-%m-%d}", *columns))
    writer.writerows(rows)
    return out.getvalue()


# --- texts


def _policy(asked: Asked) -> str:
    """A text with purpose, rules and review, as an organisation writes it for itself."""
    rules = [sentence for sentence in re.split(r"(?<=[.])\s+", asked.control.practice) if sentence]
    lines = [
        f"> {asked.first_line}",
        "",
        f"# {asked.title}",
        "",
        f"For: {asked.where}",
        "",
        f"Version {asked.number('major', 1, 3)}.{asked.number('minor', 0, 6)} of {asked.on:%d %B %Y}, "
        f"approved by {asked.by} as {asked.expectation.who}",
        "",
        "## Why we have this",
        asked.control.objective,
        "",
        "## What it holds",
        f"{asked.expectation.what}.",
        "",
        "## How we do it",
        *(f"{number}. {rule}" for number, rule in enumerate(rules, start=1)),
        "",
        "## Where it matters most",
        *(f"- {name}" for name in _names(asked)[:4]),
        "",
        "## Review",
        f"Looked at again by {(asked.on + timedelta(days=350)):%B %Y}, and whenever something here changes.",
        *([asked.because] if asked.because else []),
    ]
    return "\n".join(lines) + "\n"


def _minutes(asked: Asked) -> str:
    """Minutes of a meeting: who was there, what was looked at, what was decided."""
    inputs = (
        "actions of the last review", "changes outside and inside", "results of audits and measurements",
        "nonconformities and what became of them", "risks and treatments", "objectives", "what people told us",
    )  # fmt: skip
    lines = [
        f"> {asked.first_line}",
        "",
        f"# {asked.title}, {asked.on:%d %B %Y}",
        "",
        f"Present: managing board, {asked.by}, heads of grid operations, customer service, IT and people.",
        "",
        *(f"{number}. {about.capitalize()}: {_heard(asked, about)}." for number, about in enumerate(inputs, start=1)),
        "",
        "Decided:",
        f"- {asked.number('money', 40, 90)},000 euro for testing AI systems before release.",
        "- Every AI system found in use gets an owner within four weeks.",
        f"- Next review in {(asked.on + timedelta(days=360)):%B %Y}.",
    ]
    return "\n".join(lines) + "\n"


def _heard(asked: Asked, about: str) -> str:
    """What a meeting heard about one point."""
    done, of = asked.number(about, 2, 6), asked.number(f"{about} of", 7, 11)
    return f"{done} of {of} points are in order, the rest have an owner and a date"


# --- what things are called at the demo organisation


def _names(asked: Asked) -> tuple[str, ...]:
    """The things a document of this control is about."""
    area = asked.control.id[:3]
    if asked.system and area in _IN_A_SYSTEM:
        return _IN_A_SYSTEM[area]
    return _ITEMS.get(area, _ITEMS["GOV"])


SUPPLIERS = (
    "Copperlane Workforce Systems", "Birchgate Talent Software", "Tessellon Language Cloud", "Skerrowe Aerial Imaging",
    "Quillbranch Developer Tools", "Lowmere Data Centres",
)  # fmt: skip
_PLAIN_STATES = ("in order", "in order", "in order", "small remark, corrected", "action until next month")
_STATES = {
    "ACC": ("right kept", "right kept", "right taken away", "right narrowed"),
    "INC": ("closed", "closed", "closed, cause removed", "open, being looked into"),
    "RSK": ("treated", "accepted by its owner", "treatment under way"),
    "PPL": ("complete", "complete", "complete", "reminder sent"),
    "SUP": ("as agreed", "as agreed", "condition open", "change assessed, no effect"),
}
_IN_A_SYSTEM = {
    "ACC": ("who may change the model", "who may retrain it", "who may release it", "who may read its logs",
            "who may change prompts and thresholds", "service account of the interface", "support by the supplier"),
    "AIM": ("model in use", "data it was made from", "data it works on", "test set", "runtime and computing",
            "tools it calls", "people who run it"),
    "DAT": ("age groups", "city and countryside", "small and large cases", "old and new records", "missing values",
            "duplicates", "values out of range"),
    "IMP": ("people concerned", "groups at special risk", "foreseeable misuse", "benefits", "harm and how grave",
            "measures", "what remains"),
    "LIF": ("normal load", "peak load", "missing input", "unusual input", "wrong units", "slow answer",
            "version in use"),
    "MET": ("accuracy", "stability over time", "fairness between groups", "robustness", "explanations", "energy used"),
    "OVS": ("override of a proposal", "stop by the overseer", "stop by the second person", "going on by hand",
            "alarm outside office hours"),
    "PRV": ("purpose and legal basis", "necessity", "risks to people", "measures", "transfers",
            "view of those concerned"),
    "RSK": ("wrong output taken as right", "use outside the purpose", "unfair to a group", "change by the supplier",
            "input missing or late", "personal data in outputs", "overreliance"),
    "TRN": ("first contact", "hand-over to a person", "mark in texts", "mark in pictures", "limits of use",
            "what to do when in doubt", "whom to ask"),
    "USE": ("purpose as approved", "settings as instructed", "inputs as described", "users trained", "limits respected",
            "errors reported"),
}  # fmt: skip
_ITEMS = {
    "ACC": ("control room operators", "database administrators", "model registry writers", "emergency access",
            "service account of the forecast", "customer service desk", "former project members"),
    "AIM": ("systems in use", "systems in development", "systems of suppliers", "found by discovery", "retired"),
    "AST": ("meter data platform", "customer database", "laptops", "control room workstations", "drone pictures",
            "contract archive", "forecast models"),
    "BCM": ("control room", "meter data platform", "customer service phones", "load forecast", "payments", "e-mail"),
    "FBK": ("tenants' association", "field crews", "customers in arrears", "municipal networks", "works council"),
    "GOV": ("information security", "AI systems", "personal data", "suppliers", "training", "internal audit",
            "objectives"),
    "IMP": ("new system", "change of purpose", "new group of people", "new data", "yearly review"),
    "INC": ("lost laptop", "wrong letter sent", "forecast stood still for an hour", "phishing of the trading desk",
            "false answer of the assistant", "outage of the portal"),
    "NET": ("office zone", "control room zone", "link to substations", "cloud landing zone", "guest network"),
    "OPS": ("forecasting servers", "customer portal", "meter data platform", "control room workstations",
            "identity service", "build pipeline", "backup store"),
    "PHY": ("control room door", "server cabinet", "depot north", "depot south", "visitors"),
    "PPL": ("grid operations", "customer service", "field services", "IT", "metering", "people and culture",
            "communications"),
    "RSK": ("wrong forecast in a cold spell", "unfair refusal of a payment plan", "takeover of an account",
            "supplier changes its model", "stale grid topology", "leak of customer data", "overreliance on proposals"),
    "SUP": SUPPLIERS,
    "USE": ("drafting letters", "summing up meetings", "writing code", "looking at pictures", "sorting applications",
            "translating"),
}  # fmt: skip
