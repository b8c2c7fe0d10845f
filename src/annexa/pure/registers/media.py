"""Storage media and equipment off site, and their end: ISO/IEC 27001 A.7.10, A.7.14, A.7.9 and A.8.10."""

from collections.abc import Iterable

from annexa.pure.fields import FieldProblem, choice, day, owner, text
from annexa.pure.register import Entry, Group, Register, ended, name, owned, reference, unit
from annexa.pure.registers.assets import CLASSIFICATIONS

GONE: tuple[str, ...] = ("erased", "destroyed")


def _rule(entry: Entry) -> Iterable[FieldProblem]:
    if entry.status in GONE and entry.destroyed_on is None:
        yield FieldProblem(field="destroyed_on", message=f"is missing although it is {entry.status}")
    if entry.status == "off site" and entry.back_by is None:
        yield FieldProblem(field="back_by", message="is missing although it is off site")


MEDIA = Register(
    noun="medium",
    plural="media",
    one="medium",
    title="Media and disposal",
    says="Disks, tapes, sticks and equipment that carry information: who holds them, where they are, how they ended.",
    asked_by=("ISO/IEC 27001 A.7.10", "ISO/IEC 27001 A.7.14", "ISO/IEC 27001 A.7.9", "ISO/IEC 27001 A.8.10"),
    place="inventory",
    groups=(
        Group(
            title="The medium",
            fields=(
                name("Its label or serial number."),
                reference("the medium"),
                choice(
                    "kind",
                    "Kind",
                    "What it is.",
                    ("disk", "tape", "stick or card", "paper", "device"),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                choice(
                    "classification",
                    "Classification",
                    "The highest class of what is on it.",
                    CLASSIFICATIONS,
                    facet=True,
                ),
                unit("the medium"),
                owned("the medium"),
                text("location", "Place", "Where it is kept."),
                choice(
                    "status",
                    "Status",
                    "Where it stands.",
                    ("in use", "stored", "off site", *GONE),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                owner("Who allowed it to leave the premises.", name="let_out_by", label="Let out by"),
                day("back_by", "Back by", "The day it is due back.", listed=True),
                ended("the medium"),
            ),
        ),
        Group(
            title="Its end",
            fields=(
                day("destroyed_on", "Erased or destroyed on", "The day it was erased or destroyed.", listed=True),
                text("method", "Method", "How, by the standard that was kept."),
                text("certificate", "Proof", "Log or certificate with the serial number."),
                owner("Who compared the proof with the medium.", name="checked_by", label="Checked by"),
            ),
        ),
    ),
    rule=_rule,
)
