#!/usr/bin/env python3
"""`pullscope docker …` from a plain checkout: sudo python3 scripts/docker_daemon.py on | off | status | doctor | sandbox.

sudo knows nothing of a virtual environment: where pullscope cannot be imported, the checkout's own .venv is used.
"""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PYTHON = CHECKOUT / ".venv" / "bin" / "python"

try:
    import mitmproxy  # noqa: F401  # with typer, what a plain python3 may lack
    import typer  # noqa: F401
except ImportError:
    if not PYTHON.exists() or os.environ.get("PULLSCOPE_VENV") == str(PYTHON):
        venv = CHECKOUT / ".venv"
        sys.exit(f"error: pullscope is not installed. Run: python3 -m venv {venv} && {venv}/bin/pip install {CHECKOUT}")
    sys.path.insert(0, str(CHECKOUT / "src"))
    from pullscope.host.untrusted_file import why_not_run_venv

    why = why_not_run_venv(PYTHON.parent.parent, Path(__file__).resolve())
    if why:
        sys.exit(f"error: {why}, and root would run it. Make the .venv anew as the owner of this checkout")
    os.environ["PULLSCOPE_VENV"] = str(PYTHON)
    os.execv(PYTHON, [str(PYTHON), str(Path(__file__).resolve()), *sys.argv[1:]])  # noqa: S606  # there is no shell to want

sys.path.insert(0, str(CHECKOUT / "src"))

from pullscope.cli.docker import app  # noqa: E402  # the path is set above
from pullscope.cli.plain_words import run_app  # noqa: E402

if __name__ == "__main__":
    run_app(app, "docker_daemon.py")
