"""How long the library takes: read cold by a fresh process, what verdicts rest on and all of it, and once at hand.

python bench/library.py [--json] [--runs 5]
"""

import statistics
import subprocess
import sys
import time

from installation import options, report

from annexa.library.load import library
from annexa.library.reader import EVERYTHING, shipped

COLD = """
import time
started = time.perf_counter()
from annexa.library.load import library
library()
judging = time.perf_counter()
from annexa.library.classification import classifications
from annexa.library.courses import courses
from annexa.library.gates import gates
from annexa.library.policies import policies
from annexa.library.questionnaires import questionnaires
from annexa.library.regimes import regimes
from annexa.library.risks import risks
for one in (classifications, courses, gates, policies, questionnaires, regimes, risks):
    one()
print(judging - started, time.perf_counter() - started)
"""


def main() -> None:
    """Reads it in fresh processes, then asks for it again in this one."""
    args = options(__doc__ or "", runs=5)
    judging, everything = [], []
    for _ in range(args.runs):
        said = subprocess.run([sys.executable, "-c", COLD], capture_output=True, text=True, check=True).stdout.split()
        judging.append(float(said[0]))
        everything.append(float(said[1]))
    library()
    started = time.perf_counter()
    for _ in range(1000):
        library()
    files = shipped(EVERYTHING)
    report(
        {
            "judging_cold_s": round(statistics.median(judging), 3),
            "everything_cold_s": round(statistics.median(everything), 3),
            "at_hand_us": round((time.perf_counter() - started) * 1000, 2),
            "files": len(files),
            "kib": sum(map(len, files.values())) // 1024,
        },
        as_json=args.json,
    )


if __name__ == "__main__":
    main()
