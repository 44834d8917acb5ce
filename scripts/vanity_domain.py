#!/usr/bin/env python3
"""The same as `pullscope vanity …`, for a plain checkout: `python3 scripts/vanity_domain.py lint netlify.toml --host …`.

Where typer is missing, the checkout's own .venv is used, if there is one.
"""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"

try:
    import typer  # noqa: F401  # what a plain python3 may lack
except ImportError:
    if not PYTHON.exists() or os.environ.get("PULLSCOPE_VENV") == str(PYTHON):
        sys.exit(f"error: typer is not installed. Run: python3 -m venv {VENV} && {VENV}/bin/pip install {CHECKOUT}")
    sys.path.insert(0, str(CHECKOUT / "src"))
    from pullscope.host.untrusted_file import why_not_run_venv

    why = why_not_run_venv(PYTHON.parent.parent, Path(__file__).resolve())
    if why:
        sys.exit(f"error: {why}, and root would run it. Make the .venv anew as the owner of this checkout")
    os.environ["PULLSCOPE_VENV"] = str(PYTHON)
    os.execv(PYTHON, [str(PYTHON), str(Path(__file__).resolve()), *sys.argv[1:]])  # noqa: S606  # there is no shell to want

try:
    import pullscope  # noqa: F401  # only whether it is there
except ImportError:
    sys.path.insert(0, str(CHECKOUT / "src"))

from pullscope.cli.plain_words import run_app  # noqa: E402  # the path is set above
from pullscope.cli.vanity import app  # noqa: E402

if __name__ == "__main__":
    run_app(app, "vanity_domain.py")
