"""How passwords are kept, and that any may be chosen that is long and not near at hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from annexa.actions.passwords import Scrypt
from annexa.records.people import Person

ROOT = Path(__file__).parents[2]


def test_a_guess_costs_what_it_has_to() -> None:
    """Rule: scrypt with N of 2^15 and p of 3, as ASVS 5.0.0, appendix C, asks; each under a salt of its own."""
    one, other = (Scrypt().encode("correct horse", Scrypt().salt()) for _ in range(2))
    assert one != other
    name, factor, salt, block, parallel, _ = one.split("$")
    assert (name, int(factor), int(block), int(parallel)) == ("scrypt", 2**15, 8, 3)
    assert len(salt) >= 22
    assert Scrypt().verify("correct horse", one)
    assert not Scrypt().verify("correct horsf", one)


def test_a_hash_of_before_still_fits() -> None:
    from django.contrib.auth.hashers import ScryptPasswordHasher

    assert Scrypt().verify("correct horse", ScryptPasswordHasher().encode("correct horse", "saltsaltsaltsaltsaltsa"))


def test_it_is_the_one_in_use(tmp_path) -> None:
    """The tests themselves use a quick one."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": "src", "ANNEXA_HOME": str(tmp_path)}
    asked = "from annexa import settings; print(settings.PASSWORD_HASHERS)"
    done = subprocess.run([sys.executable, "-c", asked], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "['annexa.actions.passwords.Scrypt']\n"


@pytest.mark.parametrize(
    "password",
    ["quietcopperkettles", "QUIETCOPPERKETTLES", "çâne tordue à l'ombre", "鳥が静かに歌う朝の森で聞く",
     "  blanks around it  ", "w" + "xyzzy plugh " * 6, "!§$%&/()=?`*+#'~"],
)  # fmt: skip
def test_no_kind_of_sign_is_asked_for_or_forbidden(db, password) -> None:
    """Rule: any composition, 64 signs and more, and nothing is cut off or changed."""
    validate_password(password)
    person = Person(email="kim@example.org", name="Kim")
    person.set_password(password)
    assert person.check_password(password)
    for other in (password.strip() + "x", password[:-1], password.swapcase()):
        if other != password:
            assert not person.check_password(other)


@pytest.mark.parametrize("password", ["Annexa-2026-admin", "Test House 2026!", "t3sthouseadm1n", "welcome@security1"])
def test_words_near_at_hand_are_not_enough(organisation, password) -> None:
    with pytest.raises(ValidationError, match="little more than words"):
        validate_password(password)


def test_words_near_at_hand_among_others_do_no_harm(organisation) -> None:
    validate_password("the auditor waters seven ferns")
