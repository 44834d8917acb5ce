#!/usr/bin/env python3
"""The same as `pullscope vanity …`, for a plain checkout: `python3 scripts/vanity_domain.py lint netlify.toml --host …`."""

from __future__ import annotations

import sys
from pathlib import Path

try:
    import pullscope  # noqa: F401 - only whether it is there
except ImportError:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from pullscope.cli.vanity import app

if __name__ == "__main__":
    app(prog_name="vanity_domain.py")
