"""A containerd that was just started, asked to pull as the kubelet asks it, by what `doctor --trace` asks with."""

from __future__ import annotations

from pathlib import Path

from pullscope.host import HostError
from pullscope.host.watched import cri


def pull_image(path: Path, image: str, login: tuple[str, str] | None = None) -> tuple[int, str]:
    """0, or 1 and the runtime's words, once it takes questions."""
    for _ in range(1000):
        try:
            cri.pull_image(path, image, login)
        except cri.CriError as refused:
            if "not initialized" in str(refused):
                continue
            return 1, str(refused)
        except HostError as off:  # a configuration with which the plugin was not loaded
            return 1, str(off)
        return 0, ""
    return 1, "it never took a question"
