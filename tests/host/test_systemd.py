"""systemd's unit files as text: ours filled in, any read."""

from __future__ import annotations

import pytest

from pullscope.host import systemd


def test_filling_and_reading_are_inverse() -> None:
    """What is filled in is read back, whatever characters it has."""
    template = (systemd.units() / "docker.service.d" / "pullscope.conf").read_text()
    values = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": 'a b,50%,"q",\\x', "SSL_CERT_DIR": None}
    read = systemd.environment(systemd.fill(template, values))
    assert read == {
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:8080",
        "NO_PROXY": 'a b,50%,"q",\\x',
        "PULLSCOPE_CA": "0000000000000000",
        "PULLSCOPE_DOCKER": "proxy",
    }


def test_the_template_stands_as_it_is() -> None:
    """Copied by hand it points at the default proxy, by http:// also for HTTPS_PROXY."""
    read = systemd.environment((systemd.units() / "docker.service.d" / "pullscope.conf").read_text())
    assert read["HTTPS_PROXY"] == read["HTTP_PROXY"] == "http://127.0.0.1:8080"


def test_a_control_character_is_refused() -> None:
    """A line break in a value would be a setting of its own."""
    with pytest.raises(ValueError, match="control character"):
        systemd.fill('Environment="NO_PROXY="\n', {"NO_PROXY": "a\nExecStartPre=/bin/sh"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Service]\nEnvironment=A=1 B=2\n", {"A": "1", "B": "2"}),
        ("[Service]\nEnvironment='A=1 2' \"B=%%\"\n", {"A": "1 2", "B": "%"}),
        ("[Service]\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\n", {"B": "2"}),
        ("[Service]\nEnvironment=A=1 \\\n  B=2\n", {"A": "1", "B": "2"}),
        ("# Environment=A=1\n;Environment=B=1\n", {}),
    ],
)
def test_any_environment_line_is_read(text: str, expected: dict[str, str]) -> None:
    """Several on a line, quotes, continuation lines, comments, and the empty one that clears."""
    assert systemd.environment(text) == expected
