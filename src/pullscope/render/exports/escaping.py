"""Wire strings made inert for each form: a URL without control codes, a word of a shell, Markdown, Mermaid.

Each function takes any text and gives text that its form shows and does not obey.
"""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote

from pullscope.oci.plain import plain
from pullscope.oci.urls import is_host, split

_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&#!$@]|(?<=www)\.|:(?=[\w+-]*:)|:(?=//))", re.IGNORECASE)
_MERMAID = re.compile(r"[^A-Za-z0-9 ,._/+*-]")
_BACKTICKS = re.compile(r"`+")


def inert_url(url: str) -> str:
    """The URL with everything that is not a printable ASCII character percent-encoded; at most 4,000 characters.

    Square brackets that hold no IPv6 address are encoded too, because other tools may refuse them.
    """
    raw = url[:4000].encode("utf-8", "replace")
    clean = quote(raw, safe=_URL_SAFE)
    authority = split(clean).authority
    if ("[" in authority or "]" in authority) and not is_host(authority):
        return quote(raw, safe=_URL_SAFE.replace("[", "").replace("]", ""))
    return clean


def is_web(url: str) -> bool:
    """Whether this may stand in an `href`: http or https, with a host."""
    parts = split(url)
    return parts.scheme in ("http", "https") and is_host(parts.netloc)


def shell_word(text: str) -> str:
    """One word of a POSIX shell, whatever is in it; control codes are written out."""
    return shlex.quote(plain(text, 4000))


def shell_comment(text: str) -> str:
    """Text that may follow `# `: one line, without terminal codes."""
    return plain(text, 400)


def markdown_text(text: str, most: int = 400) -> str:
    """Text within a line of Markdown: no mark of its grammar has an effect, and no @mention or link appears by accident."""
    return _MARKDOWN.sub(_apart, plain(text, most))


def _apart(found: re.Match[str]) -> str:
    mark = found[0]
    # Code hosts look for @names, #numbers, :emoji: and addresses after Markdown is done; an empty comment keeps them apart.
    return f"\\{mark}<!-- -->" if mark in "@#:" else f"\\{mark}"


def markdown_code(text: str, most: int = 400) -> str:
    """A code span that also holds within a table."""
    safe = plain(text, most).replace("|", "\\|")
    longest = max((len(run) for run in _BACKTICKS.findall(safe)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or not safe.strip() else ""
    return f"{fence}{pad}{safe}{pad}{fence}"


def mermaid_text(text: str, most: int = 80) -> str:
    """Text in a Mermaid diagram: all but the plainest characters as entity codes, which Mermaid shows and does not read."""
    return _MERMAID.sub(lambda found: f"#{ord(found[0])};", plain(text, most))
