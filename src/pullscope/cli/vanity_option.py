"""`--vanity HOST=FILE`, for every command that starts a mitmdump: what it adds to mitmdump's words.

Imports nothing heavy before it is used: the rules are read here once, so that a mistake in them ends the command before
anything is started.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pullscope.host import HostError, untrusted_file


def words_for(pairs: Iterable[str] | None) -> list[str]:
    """`-s …/vanity_registry.py --set pullscope_vanity=HOST=FILE`; empty without a pair. HostError for anything else.

    The tracer comes first in the command, so that it sees each request as the client asked it.
    """
    if not pairs:
        return []
    from pullscope.mitm import addon_path
    from pullscope.mitm.vanity import parse_pair
    from pullscope.worlds.vanity.reading import MAX_BYTES, read_rules

    words: list[str] = []
    try:
        for pair in pairs:
            host, file = parse_pair("--vanity", pair)
            path = Path(file).expanduser().absolute()
            untrusted_file.read(path, MAX_BYTES)  # as root no link of a user is followed
            read_rules(path)
            words += ["--set", f"pullscope_vanity={host}={path}"]
    except OSError as error:
        raise HostError(f"--vanity: {error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise HostError(str(error)) from None
    return ["-s", str(addon_path("vanity_registry")), *words]
