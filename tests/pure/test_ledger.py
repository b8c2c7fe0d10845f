"""The ledger's arithmetic against known answers, against its definition, and against every kind of change."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.pure.ledger import (
    EMPTY_ROOT,
    ENTRY_LIMIT,
    Frontier,
    Header,
    LedgerError,
    ProofError,
    canonical,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    read_instant,
    salted_digest,
    verify_consistency,
    verify_inclusion,
    write_instant,
)
from tests.cases import cases
from tests.pure.ledger_samples import CT_ENTRIES, CT_ROOTS, flipped, naive_root, nodes_of, sample_leaves

LARGEST = 130
LEAVES = sample_leaves(LARGEST)
NODE = nodes_of(LEAVES)
ROOTS = tuple(naive_root(LEAVES[:size]) for size in range(LARGEST + 1))
AT = datetime(2026, 8, 2, 9, 30, tzinfo=UTC)


class Colour(StrEnum):
    """A text with a name."""

    RED = "red"


def header(**changes: Any) -> Header:
    """A valid header, with changes."""
    fields: dict[str, Any] = {
        "kind": "risk.accepted",
        "subject": "risk/17",
        "actor": "person/ada",
        "at": AT,
        "effective_at": AT,
        "body": "ab" * 32,
    }
    return Header(**(fields | changes))


class TestCanonical:
    """One value has one form of bytes, and every reader reads the same value back."""

    def test_it_works(self) -> None:
        """Keys are sorted, nothing is padded, numbers and escapes follow RFC 8785."""
        value = {"b": [1, 2.50, 1e30, 0.000001, True, None], "a": '\u20ac\n"\\/', "A": {}, "\U0001f600": 1, "\ufb33": 2}
        expected = '{"A":{},"a":"\u20ac\\n\\"\\\\/","b":[1,2.5,1e+30,0.000001,true,null],"\U0001f600":1,"\ufb33":2}'
        assert canonical(value) == expected.encode()

    def test_times_are_written_in_utc(self) -> None:
        """The same instant has the same bytes, whatever zone it came in."""
        there = datetime(2026, 8, 2, 11, 30, 0, 5, tzinfo=timezone(timedelta(hours=2)))
        assert canonical([there, date(2026, 8, 2)]) == b'["2026-08-02T09:30:00.000005Z","2026-08-02"]'

    def test_named_texts_are_texts(self) -> None:
        """A member of a text enumeration is its text, as key and as value."""
        assert canonical({Colour.RED: Colour.RED}) == b'{"red":"red"}'

    @pytest.mark.parametrize(
        ("value", "where"),
        [
            ({"a": [0, float("nan")]}, r"\$\.a\[1\]"),
            ([float("inf")], r"\$\[0\]"),
            ({"n": 2**53}, r"\$\.n.*2\^53"),
            ({"n": -(2**53)}, r"\$\.n"),
            ({"n": 1e20}, r"\$\.n"),
            ({"at": datetime(2026, 8, 2)}, r"\$\.at.*time zone"),  # noqa: DTZ001
            ({"a": {"b": Decimal(1)}}, r"\$\.a\.b: a Decimal"),
            ({"a": {1, 2}}, r"\$\.a: a set"),
            ({"a": b"bytes"}, r"\$\.a: a bytes"),
            ({1: 2}, r"\$: the key 1"),
            (["\ud800"], r"\$\[0\].*surrogate"),
            ({"\ud800": 1}, r"surrogate"),
        ],
    )
    def test_what_it_refuses(self, value: object, where: str) -> None:
        """A value that could be read back differently is refused, and the sentence says where it is."""
        with pytest.raises(LedgerError, match=where):
            canonical(value)

    def test_endless_nesting_is_refused(self) -> None:
        """A value that holds itself gives a sentence, not a crash."""
        endless: list[object] = []
        endless.append(endless)
        with pytest.raises(LedgerError, match="nested deeper"):
            canonical(endless)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | st.text(),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
            max_leaves=20,
        )
    )
    def test_reading_and_writing_again_changes_nothing(self, value: object) -> None:
        """The bytes survive a round trip through any JSON reader."""
        written = canonical(value)
        assert canonical(json.loads(written)) == written

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
            max_leaves=20,
        )
    )
    def test_the_short_way_writes_what_the_long_way_writes(self, value: object) -> None:
        """Another program, which knows only RFC 8785, gets the same bytes."""
        assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]

    @pytest.mark.parametrize("depth", [63, 64, 65, 66])
    def test_as_deep_as_ever(self, depth: int) -> None:
        """The way in which it is written does not move the limit."""
        value: object = 1
        for _ in range(depth):
            value = [value]
        if depth <= 64:
            assert canonical(value) == b"[" * depth + b"1" + b"]" * depth
        else:
            with pytest.raises(LedgerError, match="nested deeper"):
                canonical(value)

    def test_every_control_character(self) -> None:
        """Written as RFC 8785 section 3.2.2.2 has it, in values and in keys."""
        text = "".join(map(chr, range(0x20))) + '"\\/\x7f\x80\u2028\U0001f600'
        assert canonical({text: text, "a": text}) == rfc8785.dumps({text: text, "a": text})


class TestInstants:
    """A time in the ledger has one spelling."""

    @pytest.mark.parametrize(
        ("at", "text"),
        [(AT, "2026-08-02T09:30:00Z"), (AT.replace(microsecond=120_000), "2026-08-02T09:30:00.120000Z")],
    )
    def test_it_works(self, at: datetime, text: str) -> None:
        """The fraction is written when there is one."""
        assert (write_instant(at), read_instant(text)) == (text, at)

    @pytest.mark.parametrize(
        "text",
        [
            "2026-08-02T09:30:00",
            "2026-08-02T09:30:00+00:00",
            "2026-08-02 09:30:00Z",
            "2026-08-02T09:30:00.000000Z",
            "2026-08-02T09:30:00.12Z",
            "2026-13-02T09:30:00Z",
            "2026-08-02T09:30:00Z\n",
            "٢٠٢٦-08-02T09:30:00Z",
        ],
    )
    def test_other_spellings_are_refused(self, text: str) -> None:
        """Neither another zone nor another precision is read."""
        with pytest.raises(LedgerError):
            read_instant(text)


class TestHeader:
    """What the ledger keeps of a change for ever."""

    def test_it_works(self) -> None:
        """The bytes are canonical JSON, and reading them gives the same header."""
        written = header().to_bytes()
        assert written == (
            b'{"actor":"person/ada","at":"2026-08-02T09:30:00Z","body":"' + b"ab" * 32 + b'",'
            b'"effective_at":"2026-08-02T09:30:00Z","kind":"risk.accepted","subject":"risk/17","v":1}'
        )
        assert Header.from_bytes(written) == header()

    @pytest.mark.parametrize(
        "changes",
        [
            {"v": 2},
            {"v": True},
            {"kind": ""},
            {"subject": ""},
            {"actor": ""},
            {"body": "AB" * 32},
            {"body": "ab" * 31},
            {"body": "ab" * 32 + "\n"},
            {"at": datetime(2026, 8, 2)},  # noqa: DTZ001
            {"effective_at": AT.astimezone(timezone(timedelta(hours=1)))},
        ],
    )
    def test_what_it_refuses(self, changes: dict[str, Any]) -> None:
        """A header that says too little, or says it in two ways, cannot be made."""
        with pytest.raises(LedgerError):
            header(**changes)

    def test_a_header_has_a_limit(self) -> None:
        """The entry must fit into a bundle, which counts in 16 bits."""
        spare = ENTRY_LIMIT - len(header().to_bytes())
        fits = header(subject="risk/17" + "x" * (spare - 1))
        assert Header.from_bytes(fits.to_bytes()) == fits
        with pytest.raises(LedgerError, match="65535"):
            header(subject="risk/17" + "x" * spare).to_bytes()

    @pytest.mark.parametrize(
        "change",
        [
            lambda data: data + b" ",
            lambda data: data.replace(b":1}", b":1.0}"),
            lambda data: data.replace(b'"v":1', b'"v":1,"w":2'),
            lambda data: data.replace(b'"v":1', b'"v":1,"v":1'),
            lambda data: data.replace(b'"kind"', b'"k\\u0069nd"'),
            lambda data: data.replace(b'"kind":"risk.accepted"', b'"kind":7'),
            lambda data: data.replace(b"00Z", b"00.000000Z"),
            lambda _: b"[" * 60_000,
            lambda _: b"\xff",
            lambda _: b"x" * ENTRY_LIMIT,
            lambda _: b"",
        ],
    )
    def test_other_bytes_are_refused(self, change: Callable[[bytes], bytes]) -> None:
        """A header has exactly one form of bytes; every other form is refused with our own error."""
        with pytest.raises(LedgerError):
            Header.from_bytes(change(header().to_bytes()))

    def test_the_body_hides_behind_its_salt(self) -> None:
        """The digest depends on the salt, and a salt of another length is refused."""
        assert salted_digest(bytes(32), b"body") != salted_digest(b"\x01" * 32, b"body")
        with pytest.raises(LedgerError, match="salt"):
            salted_digest(b"", b"body")


class TestFrontier:
    """Going on with the tree needs only its complete subtrees."""

    @pytest.mark.parametrize("size", range(9))
    def test_known_roots(self, size: int) -> None:
        """The roots of the certificate-transparency project come out, by both ways of counting."""
        leaves = tuple(leaf_hash(entry) for entry in CT_ENTRIES[:size])
        expected = CT_ROOTS[size - 1] if size else "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        assert Frontier().extended(leaves).root().hex() == expected
        assert naive_root(leaves).hex() == expected

    @given(st.lists(st.integers(0, 40), max_size=6))
    def test_growing_in_any_steps_gives_the_root_of_all(self, steps: list[int]) -> None:
        """It does not matter in which batches the entries came, nor whether the frontier was stored in between."""
        frontier = Frontier()
        for step in steps:
            frontier = frontier.extended(sample_leaves(frontier.size + step)[frontier.size :])
            frontier = Frontier.from_hex(frontier.size, frontier.to_hex())
        assert frontier.size == sum(steps)
        assert frontier.root() == naive_root(sample_leaves(sum(steps)))

    def test_what_it_refuses(self) -> None:
        """A stored frontier that does not fit its size, and leaves that are not hashes, are refused."""
        stored = Frontier().extended(LEAVES[:7]).to_hex()
        for size, hashes in ((8, stored), (6, stored), (-1, []), (7, [*stored[:2], stored[2].upper()])):
            with pytest.raises(LedgerError):
                Frontier.from_hex(size, hashes)
        with pytest.raises(LedgerError, match="leaf 1"):
            Frontier().extended([LEAVES[0], b"not a hash"])


class TestProofs:
    """Every true proof is accepted and every changed one is refused."""

    def test_every_inclusion_proof_holds(self) -> None:
        """For every entry of every tree up to 130 entries."""
        for size in range(1, LARGEST + 1):
            for index in range(size):
                proof = inclusion_proof(index, size=size, node=NODE)
                verify_inclusion(LEAVES[index], index=index, size=size, proof=proof, root=ROOTS[size])

    def test_every_tree_is_the_beginning_of_every_later_one(self) -> None:
        """For every pair of trees up to 130 entries, the empty one included."""
        for new in range(LARGEST + 1):
            for old in range(new + 1):
                proof = consistency_proof(old, new=new, node=NODE)
                verify_consistency(old, new=new, proof=proof, old_root=ROOTS[old], new_root=ROOTS[new])

    def test_known_paths(self) -> None:
        """The paths worked out in RFC 6962 2.1.3 for a tree of seven entries."""
        a, b, c, d, e, f, j = LEAVES[:7]
        g, h, i = (naive_root(pair) for pair in ((a, b), (c, d), (e, f)))
        k, l_ = naive_root((a, b, c, d)), naive_root((e, f, j))
        expected = {0: (b, h, l_), 3: (c, g, l_), 4: (f, j, k), 6: (i, k)}
        assert {index: inclusion_proof(index, size=7, node=NODE) for index in expected} == expected
        assert consistency_proof(3, new=7, node=NODE) == (c, d, g, l_)
        assert consistency_proof(4, new=7, node=NODE) == (l_,)
        assert consistency_proof(6, new=7, node=NODE) == (i, j, k)

    @settings(max_examples=cases(300))
    @given(st.data())
    def test_any_flipped_bit_in_an_inclusion_proof_is_refused(self, data: st.DataObject) -> None:
        """Leaf, position, each hash and the root are all bound."""
        size = data.draw(st.integers(1, LARGEST))
        index = data.draw(st.integers(0, size - 1))
        bit = data.draw(st.integers(0, 64 * 256))
        proof = inclusion_proof(index, size=size, node=NODE)
        place = bit % len(proof) if proof else None
        changes: list[dict[str, Any]] = [
            {"leaf": flipped(LEAVES[index], bit)},
            {"root": flipped(ROOTS[size], bit)},
            {"index": index ^ (1 << bit % 8)},
            {"proof": (*proof, LEAVES[index])},
            {"proof": proof[:-1] if proof else (LEAVES[0],)},
            {"proof": (*proof[:-1], proof[-1][:-1]) if proof else (b"",)},
        ]
        if place is not None:
            changes.append({"proof": (*proof[:place], flipped(proof[place], bit), *proof[place + 1 :])})
        true: dict[str, Any] = {
            "leaf": LEAVES[index],
            "index": index,
            "size": size,
            "proof": proof,
            "root": ROOTS[size],
        }
        for change in changes:
            with pytest.raises(ProofError):
                verify_inclusion(**(true | change))

    @settings(max_examples=cases(300))
    @given(st.data())
    def test_any_flipped_bit_in_a_consistency_proof_is_refused(self, data: st.DataObject) -> None:
        """Both roots and each hash are bound."""
        new = data.draw(st.integers(1, LARGEST))
        old = data.draw(st.integers(1, new))
        bit = data.draw(st.integers(0, 64 * 256))
        proof = consistency_proof(old, new=new, node=NODE)
        changes: list[dict[str, Any]] = [
            {"old_root": flipped(ROOTS[old], bit)},
            {"new_root": flipped(ROOTS[new], bit)},
            {"proof": (*proof, LEAVES[0])},
            {"proof": proof[:-1] if proof else (b"",)},
        ]
        if proof:
            place = bit % len(proof)
            changes.append({"proof": (*proof[:place], flipped(proof[place], bit), *proof[place + 1 :])})
        true: dict[str, Any] = {
            "old": old,
            "new": new,
            "proof": proof,
            "old_root": ROOTS[old],
            "new_root": ROOTS[new],
        }
        for change in changes:
            with pytest.raises(ProofError):
                verify_consistency(**(true | change))

    def test_a_rewritten_past_is_refused(self) -> None:
        """A log that changed an old entry cannot prove that its new tree goes on from the old one."""
        forged = (*LEAVES[:3], leaf_hash(b"another story"), *LEAVES[4:])
        proof = consistency_proof(7, new=LARGEST, node=nodes_of(forged))
        with pytest.raises(ProofError, match="old root"):
            verify_consistency(7, new=LARGEST, proof=proof, old_root=ROOTS[7], new_root=naive_root(forged))

    @pytest.mark.parametrize(
        ("old", "new", "old_root", "new_root"),
        [
            (0, 5, ROOTS[1], ROOTS[5]),
            (0, 0, EMPTY_ROOT, ROOTS[1]),
            (5, 5, ROOTS[5], ROOTS[4]),
            (6, 5, ROOTS[6], ROOTS[5]),
            (-1, 5, ROOTS[0], ROOTS[5]),
        ],
    )
    def test_trees_that_cannot_be_consistent(self, old: int, new: int, old_root: bytes, new_root: bytes) -> None:
        """Empty proofs do not open a side door."""
        with pytest.raises(ProofError):
            verify_consistency(old, new=new, proof=(), old_root=old_root, new_root=new_root)

    def test_questions_without_an_answer(self) -> None:
        """No proof is made for an entry that is not there, nor for a tree that shrank."""
        for index, size in ((0, 0), (5, 5), (-1, 5)):
            with pytest.raises(LedgerError, match="no entry"):
                inclusion_proof(index, size=size, node=NODE)
            with pytest.raises(ProofError, match="no entry"):
                verify_inclusion(LEAVES[0], index=index, size=size, proof=(), root=ROOTS[1])
        with pytest.raises(LedgerError, match="beginning"):
            consistency_proof(6, new=5, node=NODE)
