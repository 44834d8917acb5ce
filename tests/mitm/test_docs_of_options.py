"""The page about mitmproxy names every option and command that the addon has, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.make import in_mitmproxy, loaded

from pullscope.mitm.mirror import Mirror
from pullscope.mitm.rotation import Rotation
from pullscope.mitm.watch import Watch

PAGE = (Path(__file__).parents[2] / "docs" / "mitmproxy.md").read_text()


def test_options_are_those_of_the_code() -> None:
    """Name, default and help of each, word for word."""
    rows = re.findall(r"^\| `(pullscope_\w+)` \| (.*?) ?\| (.*) \|$", PAGE, re.MULTILINE)
    known: list[tuple[str, str, str]] = []

    @in_mitmproxy
    async def look() -> None:
        with loaded(Watch()) as context:
            context.master.addons.add(Mirror(), Rotation())
            for name in context.options.keys():  # noqa: SIM118 - it is not a mapping
                if name.startswith("pullscope_"):
                    option = context.options._options[name]
                    default = str(option.default).lower() if option.default not in ("", []) else ""
                    known.append((name, f"`{default}`" if default else "", option.help))

    look()
    assert sorted(rows) == sorted(known)


def test_commands_are_those_of_the_code() -> None:
    """Each with its parameters."""
    named = re.findall(r"^  \| `(pullscope\.\w+)", PAGE, re.MULTILINE)

    @in_mitmproxy
    async def look() -> None:
        with loaded(Watch()) as context:
            assert named == sorted(
                (name for name in context.master.commands.commands if name.startswith("pullscope.")), key=named.index
            )

    look()
    assert len(named) == 3
