"""The tables of docs/redaction.md, made from what the border keeps; `document` is the page with them put in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pullscope.oci.keep import ANSWER, FIELDS, HEADERS, MANIFEST, PARAMETERS, Kept
from pullscope.oci.scrub import FORMS

_PLACE = re.compile(r"(<!-- from the code: ([a-z ]+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def document(page: str) -> str:
    """The page with each table between its marks as the code has it."""
    return _PLACE.sub(lambda found: f"{found[1]}{_TABLES[found[2]]()}\n", page)


def _of_values(kept: Mapping[str, Kept]) -> str:
    rows = [f"| `{name}` | {one.what} | {one.why} |" for name, one in kept.items()]
    return "\n".join(("| name | kept if it is | because it says |", "|---|---|---|", *rows))


def _of_headers() -> str:
    return "\n".join(f"- {why}: {_names(names)}" for why, names in HEADERS.items())


def _of_forms() -> str:
    return "\n".join(f"- {who}: {', '.join(f'`{word}…`' for word in words)}" for who, words in _forms())


def _forms() -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from FORMS.items()
    yield "any issuer", ("eyJ", "-----BEGIN … PRIVATE KEY")


def _names(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


_TABLES = {
    "parameters": lambda: _of_values(PARAMETERS),
    "fields": lambda: _of_values(FIELDS),
    "token answers": lambda: _of_values(ANSWER),
    "manifests": lambda: _names(MANIFEST),
    "headers": _of_headers,
    "known forms": _of_forms,
}
