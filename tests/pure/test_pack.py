"""The container of a pack and its signed list: one form for one content, and every other form named and refused."""

import zipfile
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.ledger import canonical
from annexa.pure.notes import VerifierKey, sign_text
from annexa.pure.pack import (
    MANIFEST,
    PackError,
    _any_container,
    _first_difference,
    check_checkpoint,
    check_manifest,
    container,
    header_lines,
    lines,
    member,
    naming,
    read_object,
    seal,
    unpack,
)
from tests.pure.ledger_samples import flipped

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = str(VerifierKey(name="ledger.example", public=KEY.public_key().public_bytes_raw()))
FILES = {"a.txt": b"first", "b/one.json": b"{}", "b/two.json": b'{"n":1}', "empty": b""}
NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._()\-]{0,8}(/[A-Za-z0-9][A-Za-z0-9._()\-]{0,8}){0,2}", fullmatch=True)


def sealed(files: dict[str, bytes]) -> bytes:
    return seal(files, key=PUBLIC, sign=lambda text: sign_text(text, name="ledger.example", key=KEY))


def refused(data: bytes) -> str:
    """The sentence with which reading these bytes as a pack ends."""
    with pytest.raises(PackError) as found:
        check_manifest(unpack(data))
    return str(found.value)


def test_it_works() -> None:
    found = unpack(sealed(FILES))
    assert {name: data for name, data in found.items() if name != MANIFEST} == FILES
    assert str(check_manifest(found)) == PUBLIC


@given(st.dictionaries(NAME, st.binary(max_size=50), max_size=6))
def test_one_content_has_one_form(files) -> None:
    data = container(files)
    assert data == container(dict(reversed(files.items())))
    assert unpack(data) == files


@given(st.dictionaries(NAME | st.text(max_size=5), st.binary(max_size=50), max_size=6))
def test_a_container_is_what_zipfile_writes(files) -> None:
    assert container(files) == _any_container(files)


def test_every_single_bit_counts() -> None:
    """A pack so small that each bit of it can be tried: 11 thousand changes, every one refused with a name."""
    data = sealed({"a.txt": b"x"})
    for bit in range(len(data) * 8):
        named = refused(flipped(data, bit)).partition(":")[0]
        assert named in {"container", "a.txt", MANIFEST} or len(named) in {len("a.txt"), len(MANIFEST)}, (bit, named)


def test_every_cut_and_every_addition_is_refused() -> None:
    data = sealed({"a.txt": b"x"})
    for size in range(len(data)):
        refused(data[:size])
        assert refused(data[size + 1 :] + b"") != ""
    for more in (b"\0", b"PK", data, bytes(22), b"PK\x05\x06" + bytes(18)):
        assert refused(data + more).partition(":")[0] in {"container", MANIFEST}
        assert refused(more + data).partition(":")[0] == "container"


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_the_first_difference_is_found(one, other) -> None:
    """The same as by going through them byte by byte."""
    slowly = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    assert _first_difference(one, other) == slowly
    assert _first_difference(one, one + other) == len(one)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_in_a_sentence(data) -> None:
    assert ": " in refused(data)


def test_files_that_overlap_are_refused_before_they_are_read() -> None:
    """Ten names for the same bytes are a small file that unpacks to a large one."""
    data = container({"big": b"0" * 1_000_000})
    with zipfile.ZipFile(BytesIO(data)) as archive:
        start = archive.start_dir
    entry = data[start:-22]
    directory = b"".join(entry.replace(b"big", b"bi%d" % n) for n in range(10))
    end = b"PK\x05\x06" + bytes(4) + (10).to_bytes(2, "little") * 2
    end += len(directory).to_bytes(4, "little") + start.to_bytes(4, "little") + bytes(2)
    assert refused(data[:start] + directory + end) == (
        "container: its files are said to be larger than it is, or than any pack may be"
    )


def test_a_compressed_bomb_is_refused_before_it_is_read() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50_000_000))
    assert refused(out.getvalue()) == "zeros: is compressed; a pack stores its files as they are"


def test_what_the_manifest_must_be() -> None:
    files = unpack(sealed(FILES))
    for text in (
        b"",
        b"[]",
        b"{}",
        b"null",
        files[MANIFEST] + b"\n",
        files[MANIFEST].replace(b"v1", b"v2"),
        b"[" * 99999,
    ):
        assert refused(container({**files, MANIFEST: text})).startswith(f"{MANIFEST}: ")
    assert refused(container(FILES)) == f"{MANIFEST}: is missing"


@pytest.mark.parametrize("listed", [[], 5, None, "x", {"a.txt": 5}, {"a.txt": {"sha256": "0"}}, {"a.txt": []}])
def test_a_signed_list_of_another_shape_is_refused(listed) -> None:
    """Whoever has a key may sign anything; it is answered all the same."""
    import hashlib

    from annexa.pure.notes import join_note

    text = f"annexa-pack/v1\n{hashlib.sha256(canonical(listed)).hexdigest()}\n".encode()
    note = join_note(text, [sign_text(text, name="ledger.example", key=KEY)]).decode()
    manifest = canonical({"files": listed, "format": "annexa-pack/v1", "key": PUBLIC, "signature": note})
    assert ": " in refused(container({"a.txt": b"first", MANIFEST: manifest}))


def test_names_of_files() -> None:
    assert member("Art.14(4)(d)") == "Art.14(4)(d)"
    assert member("MAP 1.1/x\\y:z") == "MAP_1.1_x_y_z"


def test_reading_names_what_broke() -> None:
    with pytest.raises(PackError, match=r"^a: 'b'$"), naming("a"):
        raise KeyError("b")
    with pytest.raises(PackError, match=r"^inner: x$"), naming("outer"), naming("inner"):
        raise ValueError("x")
    with pytest.raises(PackError, match=r"^a: EOFError$"), naming("a"):
        raise EOFError
    with pytest.raises(PackError, match=r"^a.json: is missing$"):
        read_object({}, "a.json", set())
    with pytest.raises(PackError, match=r"^ledger/headers\.ndjson: is missing$"):
        header_lines({})
    with pytest.raises(PackError, match=r"^ledger/checkpoint: is missing$"):
        check_checkpoint({}, VerifierKey.parse(PUBLIC))
    assert header_lines({"ledger/headers.ndjson": lines([{"b": 1, "a": 2}])}) == [b'{"a":2,"b":1}']
