"""A cure as one command line: GNU sed on whole lines, so that every other byte of the file stays."""

from __future__ import annotations

import shlex

from pullscope.host.routes.route import Node


def sed(node: Node, path: str, *scripts: str) -> str:
    """`sed -i` with these scripts on a file of the node."""
    words = " ".join(f"-e {shlex.quote(script)}" for script in scripts)
    return f"{node.sudo}sed -i {words} {node.shown(path)}"


def replace(lines: tuple[int, int], text: str) -> str:
    """Lines `first` to `last` become `text`."""
    return f"{_range(lines)}c\\{_text(text)}"


def delete(lines: tuple[int, int]) -> str:
    return f"{_range(lines)}d"


def after(line: int, text: str) -> str:
    """`text` as a line of its own below `line`."""
    return f"{line}a\\{_text(text)}"


def at_top(text: str) -> str:
    return f"1i\\{_text(text)}"


def append(node: Node, path: str, text: str) -> str:
    """Lines at the end of a file, which is made where it is missing."""
    words = " ".join(shlex.quote(line) for line in text.splitlines())
    return f"printf '%s\\n' {words} | {node.sudo}tee -a {node.shown(path)} >/dev/null"


def rename(node: Node, path: str, to: str) -> str:
    return f"{node.sudo}mv {node.shown(path)} {node.shown(to)}"


def broken(node: Node, path: str) -> str:
    """A file that is refused goes out of the way: nothing reads it under that name."""
    return rename(node, path, f"{path}.broken")


def _range(lines: tuple[int, int]) -> str:
    return str(lines[0]) if lines[0] == lines[1] else f"{lines[0]},{lines[1]}"


def _text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\\n")
