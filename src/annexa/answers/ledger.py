"""Questions about the ledger: its entries, one entry with its proof, its head."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db.models import Count, Max, Q, QuerySet

from annexa.answers.actors import ask_reads
from annexa.answers.agreement import differences_of_one
from annexa.answers.errors import UnknownError
from annexa.answers.store import blobs, origin, signer, tiles
from annexa.pure.actors import person_id
from annexa.pure.ledger import (
    LedgerError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    salted_digest,
    verify_inclusion,
)
from annexa.pure.notes import VerifierKey, open_checkpoint
from annexa.pure.permits import Actor
from annexa.pure.tiles import TILE_HEIGHT, TILE_WIDTH, LogProof, split_hashes
from annexa.records.evidence import Evidence
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from annexa.vault import VaultError
from annexa.vault.tiles import TileMissingError

KINDS: Mapping[str, tuple[str, ...]] = {
    "all": (),
    "evidence": ("evidence",),
    "decisions": (
        "adoption",
        "judgement",
        "closure",
        "classification",
        "classification_review",
        "ownership",
        "task",
        "task_change",
        "access_list",
        "access_review",
        "access_decision",
        "access_carried_out",
        "access_review_end",
        "questionnaire",
        "questionnaire_answer",
        "questionnaire_step",
        "questionnaire_file",
        "questionnaire_file_step",
        "risk_scale",
        "risk_proposal",
        "risk_step",
        "exception_step",
        "activity_rules",
        "activity_choice",
        "activity_assignment",
        "activity_sample",
        "legal_hold",
        "legal_hold_release",
        "activity_erasure",
        "activity_erasure_step",
        "monitor_choice",
        "monitor_baseline",
        "monitor_breach_end",
    ),
    "systems": ("ai_system", "import", "activity_source", "activity_source_end"),
    "activity": ("activity_segment", "activity_file", "monitor_run", "monitor_breach"),
    "people": (
        "person",
        "password",
        "preference",
        "organisation",
        "service_account",
        "api_token",
        "token_revocation",
        "webhook",
        "webhook_end",
        "directory_person",
        "directory_group",
        "directory_membership",
        "group_role",
        "group_role_end",
    ),
}
SAID: Mapping[str, str] = {
    "accept_risk": "Risk accepted or refused",
    "import_access": "Access list taken in",
    "open_access_review": "Access review opened",
    "decide_access": "Access decided",
    "carry_out_access": "Access decision carried out",
    "close_access_review": "Access review ended",
    "add_evidence": "Evidence added",
    "add_person": "Person added",
    "add_service_account": "Service account added",
    "adopt_control": "Control declared",
    "answer_breach": "Breach of a monitor dealt with",
    "answer_classification": "Classification answered",
    "answer_questionnaire": "Supplier answered",
    "ask_statement_approval": "Approval of the statement asked for",
    "approve_exception": "Exception approved or refused",
    "attest": "Statement signed",
    "change_activity_source": "Source of events changed",
    "change_own_password": "Password changed",
    "change_system": "AI system changed",
    "change_task": "Task changed",
    "choose_activity": "Chosen what of activity is kept",
    "choose_monitors": "Monitors chosen",
    "choose_risk_scale": "Scale of risks chosen",
    "choose_theme": "Theme chosen",
    "close_judgement": "Judgement closed",
    "compact_activity": "Activity put together",
    "create_service_token": "Token made",
    "create_token": "Token made",
    "create_token_of_others": "Token made",
    "decide_applicability": "Applicability decided",
    "decide_statement": "Statement of applicability decided",
    "erase_activity": "Erasure of activity asked for or decided",
    "exclude_control": "Control excluded",
    "hold_activity": "Legal hold set",
    "import_systems": "AI systems imported",
    "judge": "Judgement recorded",
    "judge_questionnaire": "Supplier’s answers judged",
    "make_task": "Task given",
    "map_group": "Role of a group changed",
    "name_owner": "Owner named",
    "manage_webhooks": "Webhook changed",
    "open_activity_source": "Source of events opened",
    "propose_acceptance": "Acceptance of a risk proposed",
    "provision": "Said by the directory",
    "rebuild": "Rebuilt from the ledger",
    "restore": "Backup restored",
    "release_hold": "Legal hold released",
    "retain_activity": "Activity erased or expired",
    "review_classification": "Classification reviewed",
    "revoke_token": "Token revoked",
    "revoke_token_of_others": "Token revoked",
    "run_monitors": "Monitors run",
    "seal_activity": "Activity sealed",
    "sample_activity": "Sample of activity drawn",
    "send_questionnaire": "Supplier asked",
    "set_up_organisation": "Organisation set up",
}
"""What people read for the verb of an entry; another verb is read as it is written."""

RECENT = 5_000
"""How many of the latest entries are looked through for the latest changes."""
MOST_HASHED = 64 * 1024 * 1024
"""Larger evidence is not hashed while a page opens."""
_HEX = re.compile(r"[0-9a-fA-F]{8,64}")

Outcome = Literal["pass", "fail", "idle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The ledger's latest signed root. `origin` is the ledger's own name."""

    origin: str
    size: int
    root: str
    checkpoint: str
    at: datetime | None
    verifier_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """An entry in the list, with what its body says."""

    entry: LedgerEntry
    by: str
    verb: str
    about: str

    @property
    def what(self) -> str:
        """What happened, in words."""
        return SAID.get(self.verb, self.verb.replace("_", " ").capitalize())

    @property
    def digest(self) -> str:
        """The entry's own hash in the tree, in hex."""
        return bytes(self.entry.leaf).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something somebody did: the entry that tells of it, and how many entries it left in all."""

    line: EntryLine
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked about an entry, and how it came out; idle: it could not be checked here."""

    what: str
    outcome: Outcome
    detail: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step on the way from an entry to the root: the hash given, on which side, and what both make, in hex."""

    given: str
    left: bool
    made: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPage:
    """A page of entries, newest first. `before` is the position to ask for the next page with; None at the end."""

    head: Head
    lines: tuple[EntryLine, ...]
    kind: str
    text: str
    before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryProof:
    """One entry with everything needed to verify it: header, salt and body, inclusion proof, checkpoint.

    `steps` is the way from the entry to a root as this server computes it, to be drawn.
    """

    entry: LedgerEntry
    header: Mapping[str, Any]
    header_text: str
    body: Mapping[str, Any]
    body_text: str
    salt: str
    proof: tuple[str, ...]
    head: Head
    line: EntryLine
    steps: tuple[Step, ...]

    @property
    def leaf(self) -> str:
        """The entry's hash, computed from its header, in hex."""
        return leaf_hash(self.header_text.encode()).hex()

    @property
    def evidence(self) -> Mapping[str, Any] | None:
        """What the entry says of a piece of evidence; None if it tells of something else."""
        return self.body["state"] if self.entry.kind == "evidence" else None

    def tlog_proof(self) -> bytes:
        """The proof as a file that travels without a server (C2SP tlog-proof); the header is its extra data."""
        return LogProof(
            index=self.entry.position,
            hashes=tuple(bytes.fromhex(one) for one in self.proof),
            checkpoint=self.head.checkpoint.encode(),
            extra=self.header_text.encode(),
        ).to_bytes()


def head(*, actor: Actor) -> Head:
    """The latest checkpoint; an empty ledger has size 0."""
    found = LedgerCheckpoint.objects.visible_to(actor).order_by("-size").first()
    if found is None:
        return Head(origin=origin(), size=0, root="", checkpoint="", at=None, verifier_key=signer().verifier_key)
    return Head(
        origin=origin(), size=found.size, root=found.root, checkpoint=found.note, at=found.at,
        verifier_key=signer().verifier_key,
    )  # fmt: skip


def list_entries(
    *, actor: Actor, kind: str = "all", text: str = "", before: int | None = None, size: int = 25
) -> LedgerPage:
    """A page of the ledger, newest first, by kind and by position, digest, subject or person.

    Raises UnknownError for who may read nothing.
    """
    ask_reads(actor)
    rows: QuerySet[LedgerEntry] = LedgerEntry.objects.visible_to(actor).order_by("-position")
    if kinds := KINDS.get(kind, ()):
        rows = rows.filter(kind__in=kinds)
    if words := text.strip():
        rows = _matching(rows, words)
    if before is not None:
        rows = rows.filter(position__lt=before)
    found = list(rows[: size + 1])
    shown = found[:size]
    bodies, names = _bodies([e.position for e in shown]), _names(shown)
    return LedgerPage(
        head=head(actor=actor),
        lines=tuple(_line(entry, bodies, names) for entry in shown),
        kind=kind,
        text=text,
        before=shown[-1].position if len(found) > size else None,
    )


def newest(*, actor: Actor, size: int) -> int | None:
    """The position of the latest entry this actor may know of, in the ledger of that size. Cost: one query."""
    rows: QuerySet[LedgerEntry] = LedgerEntry.objects.visible_to(actor).filter(position__lt=size).order_by("-position")
    return rows.values_list("position", flat=True).first()


def entry_proof(*, actor: Actor, position: int) -> EntryProof:
    """One entry and the proof that it is in the ledger. Raises UnknownError."""
    entry = LedgerEntry.objects.visible_to(actor).filter(position=position).first()
    latest = head(actor=actor)
    if entry is None or position >= latest.size:
        raise UnknownError(f"There is no entry {position}; the ledger has {latest.size}.")
    kept = EntryBody.objects.get(position=position)
    proof = inclusion_proof(position, size=latest.size, node=node)
    return EntryProof(
        entry=entry,
        header=json.loads(bytes(entry.header)),
        header_text=bytes(entry.header).decode(),
        body=json.loads(bytes(kept.body)),
        body_text=bytes(kept.body).decode(),
        salt=bytes(kept.salt).hex(),
        proof=tuple(one.hex() for one in proof),
        head=latest,
        line=_line(entry, {position: bytes(kept.body)}, _names([entry])),
        steps=climb(leaf_hash(bytes(entry.header)), index=position, size=latest.size, proof=proof),
    )


def check_entry(proof: EntryProof) -> tuple[Check, ...]:
    """The server's own verification of one entry, from the bytes up to the signature. Reads the evidence, if any."""
    leaf, root = bytes.fromhex(proof.leaf), bytes.fromhex(proof.head.root)
    hashes = tuple(bytes.fromhex(one) for one in proof.proof)
    digest = salted_digest(bytes.fromhex(proof.salt), proof.body_text.encode()).hex()

    def included() -> None:
        verify_inclusion(leaf, index=proof.entry.position, size=proof.head.size, proof=hashes, root=root)

    def signed() -> None:
        log = VerifierKey.parse(proof.head.verifier_key)
        said = open_checkpoint(proof.head.checkpoint.encode(), log).checkpoint
        if (said.size, said.root) != (proof.head.size, root):
            raise LedgerError(f"The note signs {said.size} entries with root {said.root.hex()}.")

    body = Check(
        what="The body is the one the entry committed to",
        outcome="pass" if digest == proof.header["body"] else "fail",
        digest=digest,
    )
    many = "1 sibling hash leads" if len(hashes) == 1 else f"{len(hashes)} sibling hashes lead"
    return (
        *_evidence_check(proof),
        body,
        _tried(
            f"{many} from the entry to the root of checkpoint {proof.head.size:,}", included, digest=proof.head.root
        ),
        _tried(f"The checkpoint is signed by {proof.head.origin}", signed, detail="Ed25519"),
        *_record_check(proof),
    )


def _evidence_check(proof: EntryProof) -> tuple[Check, ...]:
    state = proof.evidence
    if state is None:
        return ()
    what = "The evidence hashes to the digest in the entry"
    if state["size"] > MOST_HASHED:
        return (Check(what=what, outcome="idle", detail="too large to hash while this page opens"),)
    return (_tried(what, lambda: blobs().open_checked(state["sha256"]).close(), digest=state["sha256"]),)


def _record_check(proof: EntryProof) -> tuple[Check, ...]:
    found = differences_of_one(
        position=proof.entry.position, kind=proof.entry.kind, subject=proof.entry.subject, state=proof.body["state"]
    )
    if found is None:
        return ()
    what = "The record in the database is what the latest entry about it says"
    return (Check(what=what, outcome="fail" if found else "pass", detail="; ".join(found)),)


def _tried(what: str, attempt: Callable[[], object], *, detail: str = "", digest: str = "") -> Check:
    try:
        attempt()
    except (LedgerError, VaultError) as error:
        return Check(what=what, outcome="fail", detail=str(error))
    return Check(what=what, outcome="pass", detail=detail, digest=digest)


def climb(leaf: bytes, *, index: int, size: int, proof: tuple[bytes, ...]) -> tuple[Step, ...]:
    """Every step of an inclusion proof with the side of each given hash. Source: RFC 9162 2.1.3.2."""
    steps: list[Step] = []
    place, last, made = index, size - 1, leaf
    for given in proof:
        left = bool(place & 1) or place == last
        made = node_hash(given, made) if left else node_hash(made, given)
        steps.append(Step(given=given.hex(), left=left, made=made.hex()))
        while left and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    return tuple(steps)


def list_changes(*, actor: Actor, most: int = 8) -> tuple[Change, ...]:
    """The latest things done, newest first: entries of one actor at one instant are one change."""
    rows = LedgerEntry.objects.visible_to(actor)
    size = LedgerCheckpoint.objects.aggregate(size=Max("size"))["size"] or 0
    found = list(
        rows.filter(position__gte=size - RECENT)
        .values("at", "actor")
        .annotate(last=Max("position"), n=Count("position"))
        .order_by("-last")[:most]
    )
    lasts = [one["last"] for one in found]
    entries = rows.in_bulk(lasts)
    bodies, names = _bodies(lasts), _names(entries.values())
    return tuple(Change(line=_line(entries[one["last"]], bodies, names), entries=one["n"]) for one in found)


def proof_between(*, old: int, new: int) -> tuple[str, ...]:
    """The proof that the ledger of size `old` is the beginning of that of size `new`."""
    return tuple(one.hex() for one in consistency_proof(old, new=new, node=node))


def node(level: int, index: int) -> bytes:
    """The hash of a complete subtree, from the published tiles if it has 256 leaves or more, else from entries."""
    if level >= TILE_HEIGHT:
        try:
            tile_level, above = divmod(level, TILE_HEIGHT)
            n, first = divmod(index << above, TILE_WIDTH)
            width = min(TILE_WIDTH, first + (1 << above))
            hashes = split_hashes(tiles().read_tile(tile_level, n, width))[first:]
            return _root_of(list(hashes))
        except TileMissingError:
            pass  # not published yet: the entries know it too
    start, width = index << level, 1 << level
    rows = LedgerEntry.objects.filter(position__gte=start, position__lt=start + width).order_by("position")
    return _root_of([bytes(leaf) for leaf in rows.values_list("leaf", flat=True)])


def _root_of(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def entry_of(subject: str) -> int | None:
    """The position of the latest entry about something; None if there is none."""
    found: int | None = LedgerEntry.objects.filter(subject=subject).aggregate(last=Max("position"))["last"]
    return found


def _matching(rows: QuerySet[LedgerEntry], words: str) -> QuerySet[LedgerEntry]:
    """Entries at a position, about a digest or a subject, or about or by whoever or whatever has that name."""
    digits = words.replace(",", "").replace(" ", "")
    if digits.isascii() and digits.isdecimal() and len(digits) < 19:
        return rows.filter(position=int(digits))
    wanted = Q(subject__icontains=words)
    if _HEX.fullmatch(words):
        evidence = Evidence.objects.filter(sha256__startswith=words.lower()).values_list("id", flat=True)[:100]
        wanted |= Q(subject__in=[f"evidence/{one}" for one in evidence])
        wanted |= Q(leaf=bytes.fromhex(words)) if len(words) == 64 else Q()
    people = [person_id(pk) for pk in _named(Person.objects.all(), "pk", words)]
    systems = [f"ai_system/{slug}" for slug in _named(AiSystem.objects.all(), "slug", words)]
    files = [f"evidence/{pk}" for pk in _named(Evidence.objects.all(), "pk", words)]
    return rows.filter(wanted | Q(actor__in=people) | Q(subject__in=[*people, *systems, *files]))


def _named(rows: QuerySet[Any], column: str, words: str) -> QuerySet[Any, Any]:
    return rows.filter(name__icontains=words).values_list(column, flat=True)[:200]


def _bodies(positions: list[int]) -> dict[int, bytes]:
    rows = EntryBody.objects.filter(position__in=positions).values_list("position", "body")
    return {position: bytes(body) for position, body in rows}


def _line(entry: LedgerEntry, bodies: Mapping[int, bytes], names: Mapping[str, str]) -> EntryLine:
    body = json.loads(bodies[entry.position])
    return EntryLine(entry=entry, by=body.get("by", ""), verb=body.get("verb", ""), about=_about(entry, body, names))


def _names(entries: Iterable[LedgerEntry]) -> Mapping[str, str]:
    """What people are called; entries hold who they are. Cost: one query, if any entry speaks of a person."""
    if not any(one.kind in {"ownership", "task", "task_change"} for one in entries):
        return {}
    return {person_id(pk): name for pk, name in Person.objects.values_list("pk", "name")}


def _about(entry: LedgerEntry, body: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What an entry is about, in a few words for the list."""
    state: Mapping[str, Any] = body["state"]
    person = state.get("owner") or ""
    owner = names.get(person, person or "nobody")
    match entry.kind:
        case "ai_system" | "person" | "organisation" | "service_account":
            return str(state.get("name", ""))
        case "evidence":
            return f"{state['control']}, {state['name']}"
        case "adoption":
            return f"{state['control']} {state['state']}, {state['scope']}"
        case "api_token":
            return f"{state['name']}, for {state['holder']}"
        case "judgement":
            return f"{state['kind']} on {state['subject']}"
        case "closure":
            return str(body.get("because", ""))
        case "classification":
            return f"{state['tree']} for {state['scope']}, revision {state['revision']}"
        case "classification_review":
            return f"{state['tree']} for {state['scope']}, revision {state['revision']}: {state['decision']}"
        case "ownership":
            return f"{state['control']}, {state['scope']}: {owner}"
        case "task":
            return f"{state['control']}, {state['scope']}, by {state['due_on']}: {owner}"
        case "task_change":
            now = {"handed": f"handed to {owner}", "moved": f"moved to {state['due_on']}"}
            return f"{state['control']}, {state['scope']}: {now.get(state['what'], 'taken back')}"
        case "access_list":
            return f"{state['subject']}: {state['lines']:,} lines"
        case "access_review":
            return str(state["name"])
        case "access_decision":
            return f"row {state['line']}: {state['decision']}"
        case "access_review_end":
            left = len(state["undecided"])
            return f"{state['counts']['lines']:,} lines, {left:,} left open" if left else "every line decided"
        case "questionnaire":
            return f"{state['supplier']}: {state['questionnaire']}"
        case "questionnaire_answer":
            return str(state["question"])
        case "questionnaire_file":
            return f"{state['question']}: {state['name']}"
        case "questionnaire_file_step":
            return f"{state['certificate']} until {state['until']}" if state["certificate"] else str(state["step"])
        case "questionnaire_step":
            return f"{state['step']}: {state['outcome']}" if state["outcome"] else str(state["step"])
        case "monitor_choice":
            return f"{state['monitor']} of {state['system']} {'on' if state['on'] else 'off'}"
        case "monitor_baseline":
            return f"{state['monitor']} of {state['system']}: baseline of {state['rows']:,} events"
        case "monitor_run":
            return f"{state['monitor']} of {state['system']}: {state['outcome']}"
        case "monitor_breach":
            return f"{state['monitor']} of {state['system']} breached: {state['says']}"
        case "monitor_breach_end":
            return f"{entry.subject.removeprefix('monitor/')}: breach ended, {state['how']}"
        case "import":
            return f"{state['name']}: {state['added']} added, {state['updated']} changed"
        case "library":
            return f"library {str(state['version'])[:8]}"
        case _:
            return entry.subject
