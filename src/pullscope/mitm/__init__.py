"""The only importer of mitmproxy: flows become events here, and answers become flows.

This file itself imports nothing heavy: a command asks it where an addon file lies before mitmproxy is needed.
"""

from __future__ import annotations

from pathlib import Path


def addon_path(name: str = "registry_trace") -> Path:
    """The file to give to mitmproxy's `-s`. Raises ValueError for an unknown name.

    An installed package carries the addons inside itself; in a checkout they lie at its top.
    """
    here = Path(__file__).resolve().parent.parent
    for folder in (here / "addons", here.parent.parent / "addons"):
        path = folder / f"{name}.py"
        if path.parent.is_dir() and path.is_file() and path.stem == name:
            return path
    raise ValueError(f"there is no addon {name!r}; there are registry_trace, sample_registry and vanity_registry.")
