"""Runs mitmdump in this process, as its own command would."""

from __future__ import annotations

import asyncio
import logging
import sys
from types import SimpleNamespace

from mitmproxy import addons as built_in  # as `addons` it would be this file's own, were it given to -s
from mitmproxy import options
from mitmproxy.addons import dumper, keepserving, readfile
from mitmproxy.tools.main import mitmdump


def run_mitmdump(words: list[str]) -> int:
    """Run until Ctrl-C, which is how a proxy is meant to end; its exit code, 0 for a good end."""
    logging.getLogger("asyncio").addFilter(_is_no_cancellation)
    try:
        mitmdump(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        logging.getLogger("asyncio").removeFilter(_is_no_cancellation)
        sys.stdout.flush()
    return 0


def option_names() -> set[str]:
    """The options of mitmdump and of this room's addons, without starting either."""
    from pullscope.mitm import answer, mirror, otlp_live, rotation, settings, sni_routing, vanity

    own = (answer, mirror, otlp_live, rotation, settings, sni_routing, vanity)
    names = {*options.Options().keys(), *(name for room in own for name, *_ in room.OPTIONS)}
    loader = SimpleNamespace(add_option=lambda name, *_, **__: names.add(name), add_command=lambda *_: None)
    for addon in (*built_in.default_addons(), dumper.Dumper(), keepserving.KeepServing(), readfile.ReadFileStdin()):
        getattr(addon, "load", lambda _: None)(loader)
    return names


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """What is still open at Ctrl-C is cancelled, which is not an error.

    Python before 3.11.8 and 3.12.2 logs it as one, with a traceback below the story (python/cpython#113538).
    """
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
