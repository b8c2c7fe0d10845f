"""Annexa: one management system for AI governance and information security."""

import os

__version__ = "0.1.0"

os.environ["OPENPYXL_LXML"] = "False"
# Where SAML is installed, lxml is there too, and workbooks would be read with it: it expands entities, and no limit of
# ours holds there. Read by openpyxl when it is first imported.
