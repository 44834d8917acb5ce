"""Answer as a small Docker Hub: mitmdump -s addons/sample_registry.py, then docker pull timonback/zephykus.

`--set pullscope_registry=ghcr` plays another registry, `--set pullscope_faults=rate-limited` a fault.
Wiring only; without an installed pullscope it runs from the checkout.
"""

import sys
from pathlib import Path

try:
    import pullscope  # noqa: F401 - only whether it is there
except ImportError:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from pullscope.mitm.answer import FaultyHub

addons = [FaultyHub()]
