"""Many processes that count tries and take codes at once, and what must be so afterwards. Run by tests, on its own:

python -m tests.actions.trying PROCESSES TRIES
"""

import json
import os
import sys
from datetime import UTC, datetime

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from annexa.actions.organisation import set_up_organisation  # noqa: E402
from annexa.actions.people import actor_of  # noqa: E402
from annexa.actions.second_factors import add_totp, check_code, make_recovery_codes  # noqa: E402
from annexa.actions.sign_in import Tries  # noqa: E402
from annexa.pure.second_factors import totp_code  # noqa: E402
from annexa.records.people import Person  # noqa: E402
from annexa.records.sign_in import SignInTry  # noqa: E402

SECRET = b"12345678901234567890"
AT = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
STEP = int(AT.timestamp()) // 30


def attempt(person: Person, tries: int, codes: list[str]) -> int:
    """Tries as often, then every code there is; how many of these were taken."""
    for _ in range(tries):
        Tries(address="192.0.2.1", account=person.email).take(now=AT)
    return sum(bool(check_code(person=person, typed=code, now=AT)) for code in codes)


def main(processes: int, tries: int) -> None:
    """Prints what came of it."""
    call_command("migrate", interactive=False, verbosity=0)
    _, ada = set_up_organisation(
        name="House", admin_email="ada@example.org", admin_name="Ada", password="correct horse battery staple", now=AT
    )
    by = {"actor": actor_of(ada), "person": ada}
    add_totp(secret=SECRET, code=totp_code(SECRET, STEP - 1), name="App", now=AT, **by)
    codes = [totp_code(SECRET, STEP), *make_recovery_codes(now=AT, **by)]
    connections.close_all()
    ends = []
    for _ in range(processes):
        reads, writes = os.pipe()
        if os.fork() == 0:
            os.write(writes, str(attempt(ada, tries, codes)).encode())
            os._exit(0)
        os.close(writes)
        ends.append(reads)
    taken = []
    for end in ends:
        taken.append(int(os.read(end, 100) or b"-1"))
        os.wait()
    found = {
        "vendor": connection.vendor,
        "counts": sorted(SignInTry.objects.values_list("count", flat=True)),
        "codes": len(codes),
        "taken": sum(taken),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
