"""What the installation holds and says that the environment names. Run by tests:

python -m tests.actions.looking INSTANT
"""

import json
import sys
from datetime import datetime

import django

django.setup()

from tests.replaying import rows, said  # noqa: E402

if __name__ == "__main__":
    print(json.dumps({"rows": rows(), "said": said(datetime.fromisoformat(sys.argv[1]))}, sort_keys=True))
