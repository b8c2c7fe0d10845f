"""Spans out of protobuf all at once: where in the body each value of each span stands, found with numpy.

It reads what exporters write nearly always, and knows what it does not read: those spans are named as odd and are read
one by one by `otlp`, which is the definition. A test holds the two against each other.

All spans are walked side by side: one step reads the next field of every span. So a batch takes as many steps as its
longest span has fields, whatever the number of spans is.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

FEWEST: Final = 24
"""Spans for which this is worth its while."""
STRING, BOOL, INT, DOUBLE, ARRAY, LIST, BYTES = 1, 2, 3, 4, 5, 6, 7
"""Kinds of an AnyValue, by the number of its field."""

_MOST_STEPS: Final = 400
_LONGEST_KEY: Final = 64
_WORDS: Final = _LONGEST_KEY // 8
_TRACE, _SPAN, _PARENT, _NAME, _START, _END, _ATTRIBUTE, _EVENT, _STATUS = 1, 2, 4, 5, 7, 8, 9, 11, 15
_LENGTHS: Final = {_TRACE: 16, _SPAN: 8}
Whole = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

# Unforeseeable multipliers: nobody can write two names of attributes that are taken for each other.
_BY: Final = np.frombuffer(os.urandom(8 * _WORDS), np.uint64) | np.uint64(1)
_WIRES: Final = np.array([9, 2, 0, 0, 1, 2, 2, 2, 9])
"""How the value of each kind is written (the wire type); 9: there is no such kind."""
_MASKS: Final = np.array([(1 << (8 * n)) - 1 for n in range(8)] + [2**64 - 1], np.uint64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """Where in the body the values of one field stand, one for each span; length -1: it has none."""

    starts: Whole
    lengths: Whole

    @property
    def there(self) -> Flags:
        """Which spans have one."""
        return self.lengths >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """Every attribute of every span: whose it is, its whole range, that of its key, kind and range of its value.

    `known`: which of the asked names it has, -1 for another one.
    """

    row: Whole
    starts: Whole
    ends: Whole
    key_starts: Whole
    key_lengths: Whole
    known: Whole
    kind: Whole
    value_starts: Whole
    value_lengths: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """The spans of a body. `odd`: those to be read one by one. Times are nanoseconds since 1970 in UTC."""

    body: bytes
    trace_id: Ranges
    span_id: Ranges
    parent_id: Ranges
    name: Ranges
    status: Ranges
    start_ns: Whole
    end_ns: Whole
    attributes: Attributes
    odd: Flags


@dataclass(slots=True, kw_only=True)
class Names:
    """The names of attributes that are asked for, to be told apart at once."""

    names: Sequence[str]
    _hashes: Words = field(init=False)
    _order: Whole = field(init=False)

    def __post_init__(self) -> None:
        data = "".join(self.names).encode() + bytes(_LONGEST_KEY + 8)
        lengths = np.array([len(name.encode()) for name in self.names], np.int64)
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        hashes = _hash(_words(data), starts, lengths)
        self._order = np.argsort(hashes)
        self._hashes = hashes[self._order]

    def numbers(self, words: Words, starts: Whole, lengths: Whole) -> Whole:
        """For each key the place of its name; -1 for another one."""
        hashes = _hash(words, starts, lengths)
        places = np.searchsorted(self._hashes, hashes)
        places[places == len(self._hashes)] = 0
        fits = (self._hashes[places] == hashes) & (lengths <= _LONGEST_KEY)
        return np.where(fits, self._order[places], -1)


def span_bounds(body: bytes) -> list[list[tuple[int, int]]] | None:
    """Where the spans of each resource stand in an ExportTraceServiceRequest that protobuf has read without fault.

    None where something in it is written in a way that exporters do not use.
    """
    found: list[list[tuple[int, int]]] = []
    for number, start, end in _messages(body, 0, len(body)):
        if number != 1:
            return None
        spans: list[tuple[int, int]] = []
        for inner, low, high in _messages(body, start, end):
            if inner == 2:
                spans += _of_scope(body, low, high)
            elif inner not in {1, 3}:
                return None
        found.append(spans)
    return found


def read_spans(body: bytes, bounds: Sequence[tuple[int, int]], names: Names) -> Spans:
    """The spans that stand there. `body` is the whole request."""
    padded = body + bytes(_LONGEST_KEY + 16)
    reader = _Reader(padded, len(bounds))
    pairs = np.array(bounds, np.int64).reshape(-1, 2)
    reader.walk(pairs[:, 0].copy(), pairs[:, 1])
    attributes = reader.attributes(names)
    odd = reader.odd
    for number, length in _LENGTHS.items():
        odd |= reader.lengths[number] != length
    odd |= ~((reader.lengths[_PARENT] == 8) | (reader.lengths[_PARENT] <= 0))
    odd |= reader.zero(_TRACE, 2) | reader.zero(_SPAN, 1)
    start_ns, end_ns = reader.times(_START), reader.times(_END)
    odd |= (start_ns < 0) | (end_ns < 0)
    return Spans(
        body=padded,
        trace_id=reader.ranges(_TRACE),
        span_id=reader.ranges(_SPAN),
        parent_id=reader.ranges(_PARENT),
        name=reader.ranges(_NAME),
        status=reader.ranges(_STATUS),
        start_ns=start_ns,
        end_ns=end_ns,
        attributes=attributes,
        odd=odd,
    )


def varints(spans: Spans, starts: Whole) -> tuple[Whole, Flags]:
    """The whole numbers that stand there, and which of them have more than eight bytes and are not read."""
    words = _words(spans.body)[starts]
    count, long = _varint_bytes(words)
    return _varint_values(words, count), long


def doubles(spans: Spans, starts: Whole) -> npt.NDArray[np.float64]:
    """The numbers that stand there."""
    return _words(spans.body)[starts].view(np.float64)


def holds(body: bytes, two: bytes) -> bool:
    """Whether these two bytes stand one after the other anywhere. A pattern is found in half the time of `in`."""
    return re.search(re.escape(two), body) is not None


def hashes_of(spans: Spans, starts: Whole, ends: Whole) -> Whole:
    """A number for each of these ranges of the body that tells whether two hold the same bytes."""
    lengths = ends - starts
    hashes = _hash(_words(spans.body), starts, np.minimum(lengths, _LONGEST_KEY)).view(np.int64)
    for place in np.flatnonzero(lengths > _LONGEST_KEY).tolist():
        hashes[place] = hash(spans.body[int(starts[place]) : int(ends[place])])
    return hashes


def marks(spans: Spans, of: Whole, rows: int) -> Whole:
    """A number for each span that tells whether these attributes of two spans are the same, byte for byte."""
    attributes = spans.attributes
    hashes = hashes_of(spans, attributes.starts[of], attributes.ends[of])
    # In their order: each attribute counts otherwise at another place of its span.
    row = attributes.row[of]
    first = np.searchsorted(row, row)
    order = (np.arange(len(of)) - first).astype(np.uint64)
    mixed = hashes.view(np.uint64) * (_BY[0] * (order * np.uint64(2) + np.uint64(1)))
    found = np.zeros(rows, np.uint64)
    np.add.at(found, row, mixed ^ (mixed >> np.uint64(31)))
    return found.view(np.int64)


class _Reader:
    """One walk over all spans side by side."""

    def __init__(self, body: bytes, rows: int) -> None:
        self.words = _words(body)
        self.bytes = np.frombuffer(body, np.uint8)
        self.odd = np.zeros(rows, bool)
        kept = (_TRACE, _SPAN, _PARENT, _NAME, _START, _END, _STATUS)
        self.starts = {number: np.zeros(rows, np.int64) for number in kept}
        self.lengths = {number: np.full(rows, -1, np.int64) for number in kept}
        self.pairs: list[tuple[Whole, Whole, Whole]] = []

    def walk(self, at: Whole, ends: Whole) -> None:
        """Reads every field of every span, the next one of all of them in each step."""
        rows = np.arange(len(at))
        for _ in range(_MOST_STEPS):
            if not len(rows):
                return
            tags = self._tags(at)
            first = int(tags[0])
            if (tags == first).all():
                at = self._field(first, rows, at, ends)
            else:
                after = np.empty_like(at)
                for tag in np.unique(tags).tolist():
                    of = np.flatnonzero(tags == tag)
                    after[of] = self._field(tag, rows[of], at[of], ends[of])
                at = after
            going = at < ends
            if not going.all():
                rows, at, ends = rows[going], at[going], ends[going]
        self.odd[rows] = True

    def _tags(self, at: Whole) -> Whole:
        """Number and type of the field at each place; a tag of three bytes or more comes out as one that is odd."""
        tags = self.bytes[at].astype(np.int64)
        two = tags >= 128
        if two.any():
            tags = np.where(two, (tags & 127) | (self.bytes[at + 1].astype(np.int64) << 7), tags)
        return tags

    def _field(self, tag: int, rows: Whole, at: Whole, ends: Whole) -> Whole:
        """Reads the same field of these spans; returns where the next one of each begins, its end where it is odd."""
        number, wire = tag >> 3, tag & 7
        start = at + (2 if tag >= 128 else 1)
        if number == _EVENT or wire not in {0, 1, 2, 5} or tag >= 1 << 14:
            self.odd[rows] = True
            return ends
        length: Whole | int
        wrong: Flags | None = None
        if wire == 2:
            start, length, wrong = self._length(start)
        elif wire == 0:
            length, wrong = _varint_bytes(self.words[start])
        else:
            length = 8 if wire == 1 else 4
        after = start + length
        outside = after > ends
        wrong = outside if wrong is None else outside | wrong
        if wrong.any():
            self.odd[rows[wrong]] = True
            after = np.where(wrong, ends, after)
        if number == _ATTRIBUTE and wire == 2:
            self.pairs.append((rows, start, np.where(wrong, 0, length)))
        elif number in self.starts:
            self._keep(number, rows, start, length, wire)
        return after

    def _length(self, at: Whole) -> tuple[Whole, Whole, Flags | None]:
        """A length that stands there: where what it measures begins, the length, and which lengths are odd."""
        short = self.bytes[at].astype(np.int64)
        if (short < 128).all():
            return at + 1, short, None
        words = self.words[at]
        count, long = _varint_bytes(words)
        return at + count, _varint_values(words, count), long

    def _keep(self, number: int, rows: Whole, start: Whole, length: Whole | int, wire: int) -> None:
        if wire != (1 if number in {_START, _END} else 2):
            self.odd[rows] = True
            return
        again = self.lengths[number][rows] >= 0
        if again.any():
            self.odd[rows[again]] = True
        self.starts[number][rows] = start
        self.lengths[number][rows] = length

    def attributes(self, names: Names) -> Attributes:
        """All attributes, those of a span in their order. Spans with one that is written unusually become odd."""
        row = np.concatenate([one[0] for one in self.pairs]) if self.pairs else np.zeros(0, np.int64)
        starts = np.concatenate([one[1] for one in self.pairs]) if self.pairs else row
        lengths = np.concatenate([one[2] for one in self.pairs]) if self.pairs else row
        order = np.argsort(starts, kind="stable")
        row, starts, ends = row[order], starts[order], (starts + lengths)[order]
        key_starts, key_lengths, wrong = self._measured(starts, 0x0A)
        at = key_starts + key_lengths
        at = np.where(wrong | (at > ends), starts, at)
        held_starts, held_lengths, no_value = self._measured(at, 0x12)
        wrong |= no_value | (held_starts + held_lengths != ends)
        held = np.where(wrong, starts, held_starts)
        kind, value_starts, value_lengths, bad = self._values(held, np.where(wrong, 0, held_lengths))
        self.odd[row[wrong | bad]] = True
        good = ~(wrong | bad)
        known = names.numbers(self.words, np.where(good, key_starts, 0), np.where(good, key_lengths, 0))
        known = np.where(good, known, -1)
        self._require_once(row, known, len(names.names))
        return Attributes(
            row=row, starts=starts, ends=ends, key_starts=key_starts, key_lengths=key_lengths, known=known, kind=kind,
            value_starts=value_starts, value_lengths=value_lengths,
        )  # fmt: skip

    def _measured(self, at: Whole, tag: int) -> tuple[Whole, Whole, Flags]:
        """A field with this tag and a length: where it begins, how long it is, and where there is none such."""
        start, length, long = self._length(at + 1)
        wrong = self.bytes[at] != tag
        return start, length, wrong if long is None else wrong | long

    def _values(self, at: Whole, length: Whole) -> tuple[Whole, Whole, Whole, Flags]:
        """Kind and range of each AnyValue; kind 0 where it holds nothing."""
        tags = self.bytes[at].astype(np.int64)
        kind = np.where(length == 0, 0, tags >> 3)
        inner, size, long = self._length(at + 1)
        measured = (tags & 7) == 2
        starts = np.where(measured, inner, at + 1)
        lengths = np.where(measured, size, length - 1)
        wrong = _WIRES[np.minimum(kind, BYTES + 1)] != (tags & 7)
        wrong |= measured & (inner + size != at + length)
        wrong |= (kind == DOUBLE) & (length != 9)
        if long is not None:
            wrong |= measured & long
        return kind, starts, lengths, wrong & (kind != 0)

    def _require_once(self, row: Whole, known: Whole, count: int) -> None:
        """A name that a span has twice means the last one: such a span is read one by one."""
        of = known >= 0
        seen = np.bincount(row[of] * count + known[of], minlength=0)
        twice = np.flatnonzero(seen > 1)
        self.odd[twice // count] = True

    def ranges(self, number: int) -> Ranges:
        return Ranges(starts=self.starts[number], lengths=self.lengths[number])

    def zero(self, number: int, words: int) -> Flags:
        """Whether an id is all zeros."""
        starts = self.starts[number]
        found: Flags = np.logical_and.reduce([self.words[starts + 8 * n] == 0 for n in range(words)])
        return found

    def times(self, number: int) -> Whole:
        found = self.words[self.starts[number]].view(np.int64)
        return np.where(self.lengths[number] == 8, found, 0)


def _words(body: bytes) -> Words:
    """The eight bytes from each place on, the last of them in the padding."""
    return np.ndarray((len(body) - 7,), np.dtype("<u8"), body, strides=(1,))


def _hash(words: Words, starts: Whole, lengths: Whole) -> Words:
    found: Words = lengths.astype(np.uint64) * _BY[-1]
    of, rest = np.arange(len(lengths)), lengths
    for n in range(min(_WORDS, int(lengths.max(initial=0) + 7) // 8)):
        if n:
            longer = rest > 8
            of, rest = of[longer], rest[longer] - 8
        mixed = (words[starts[of] + 8 * n] & _MASKS[np.minimum(rest, 8)]) * _BY[n]
        found[of] ^= (mixed ^ (mixed >> np.uint64(31))) * _BY[n - 1]
    return found


def _varint_bytes(words: Words) -> tuple[Whole, Flags]:
    """How many bytes the number at the beginning of each word has, and which have more than eight."""
    last = ~words & np.uint64(0x8080808080808080)
    lowest = last & (~last + np.uint64(1))
    # The position of a single bit: its exponent as a float.
    bits = np.frexp(lowest.astype(np.float64))[1].astype(np.int64)
    long = last == 0
    return np.where(long, 8, bits >> 3), long


def _varint_values(words: Words, count: Whole) -> Whole:
    words = words & _MASKS[count]
    found = np.zeros(len(words), np.uint64)
    for n in range(int(count.max(initial=0))):
        found |= (words >> np.uint64(8 * n) & np.uint64(127)) << np.uint64(7 * n)
    return found.astype(np.int64)


def _of_scope(body: bytes, at: int, end: int) -> list[tuple[int, int]]:
    """The spans of a ScopeSpans that protobuf has read; written out, since it is done for each of them."""
    found: list[tuple[int, int]] = []
    while at < end and body[at] == 0x12:
        low = body[at + 1]
        high = body[at + 2] if low >= 128 else 0
        if high >= 128:
            break
        start = at + 3 if low >= 128 else at + 2
        at = start + (low & 127 | high << 7)
        found.append((start, at))
    found += [(start, stop) for number, start, stop in _messages(body, at, end) if number == 2]
    return found


def _messages(body: bytes, at: int, end: int) -> Iterable[tuple[int, int, int]]:
    """The fields of a message that protobuf has read: number, where its bytes begin and end; without bytes: -1."""
    while at < end:
        tag = body[at]
        at += 1
        if tag >= 128:
            tag, at = _varint(body, at - 1)
        wire = tag & 7
        if wire == 2:
            size = body[at]
            at += 1
            if size >= 128:
                size, at = _varint(body, at - 1)
            yield tag >> 3, at, at + size
            at += size
        else:
            yield -1, at, at
            at = _varint(body, at)[1] if wire == 0 else at + (8 if wire == 1 else 4) if wire in {1, 5} else end


def _varint(body: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while body[at] >= 128:
        found |= (body[at] & 127) << shift
        shift += 7
        at += 1
    return found | body[at] << shift, at + 1
