"""Wire strings in each form: shown, not obeyed."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

import pytest
from tests.render.samples import ATTACKS

from pullscope.render.exports.escaping import inert_url, is_web, markdown_code, mermaid_text, shell_comment, shell_word

every_attack = pytest.mark.parametrize("attack", ATTACKS)


@every_attack
def test_url_is_printable_and_readable(attack: str) -> None:
    """A URL with anything in it comes out as printable ASCII that urlsplit takes."""
    clean = inert_url(f"https://{attack}/v2/{attack}?q={attack}")

    assert clean.isascii()
    assert clean.isprintable()
    assert urlsplit(clean).scheme == "https"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x", "https://[", ""]
)
def test_only_web_addresses_are_links(url: str) -> None:
    """Only http and https with a host may stand in an href."""
    assert not is_web(url)


@every_attack
def test_shell_word_is_one_word(attack: str) -> None:
    """A shell sees one word, and a comment ends where its line ends."""
    assert len(shlex.split(shell_word(attack))) == 1
    assert "\n" not in shell_comment(attack)


@every_attack
def test_code_span_cannot_be_left(attack: str) -> None:
    """A span's fence is longer than any run of backticks within."""
    span = markdown_code(attack)
    fence = len(span) - len(span.lstrip("`"))

    assert "`" * fence not in span[fence:-fence]


@every_attack
def test_mermaid_sees_no_grammar(attack: str) -> None:
    """Colons, arrows, semicolons and braces are entity codes."""
    assert set(mermaid_text(attack)) & set(":<>{}%`\"'\n") == set()
