"""Answers for a vanity registry domain that does not exist yet, from the rule file that you will deploy.

    mitmdump -s addons/registry_trace.py -s addons/vanity_registry.py \\
        --set pullscope_vanity=docker.example.com=netlify.toml

Edit the file while it runs: the next request uses the new rules. Wiring only; without an installed pullscope it runs
from the checkout.
"""

import sys
from pathlib import Path

try:
    import pullscope  # noqa: F401 - only whether it is there
except ImportError:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from pullscope.mitm.vanity import Vanity

addons = [Vanity()]
