"""Runs mitmdump in this process, as its own command would."""

from __future__ import annotations

import sys

from mitmproxy.tools.main import mitmdump


def run_mitmdump(words: list[str]) -> int:
    """Run until Ctrl-C, which is how a proxy is meant to end; its exit code, 0 for a good end."""
    try:
        mitmdump(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
    return 0
