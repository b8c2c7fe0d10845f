"""Small files that would become large ones are refused before they do."""

import io
import tracemalloc
import zipfile

import openpyxl
import pytest

from annexa.adapters.tables import TableError, read_table


def workbook(member: str, size: int) -> bytes:
    """A true workbook one of whose parts is blown up with blanks."""
    plain, out = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (b" " * size if name == member else b""))
    return out.getvalue()


LAUGHS = "---\n- a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"- {chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)
)
DEEP = "[" * 100_000 + "]" * 100_000

BOMBS = {
    "a sheet of blanks": lambda: workbook("xl/worksheets/sheet1.xml", 30 << 20),
    "styles of blanks": lambda: workbook("xl/styles.xml", 30 << 20),
    "a million laughs": LAUGHS.encode,
    "brackets without end": DEEP.encode,
    "brackets without end, as YAML": lambda: b"a: " + DEEP.encode(),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(name: str) -> None:
    """Rule: refused with a sentence, and with no more memory than an ordinary file takes."""
    bomb = BOMBS[name]()
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(TableError):
            read_table(bomb, name="bomb")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 60 << 20
