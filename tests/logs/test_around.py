"""What a log was pasted into is taken away; what only looks like it stays."""

from __future__ import annotations

import io

import pytest

from pullscope.logs.around import unwrapping

CURL = """* Connected to registry.example (192.0.2.1) port 443 (#0)
> GET /v2/ HTTP/1.1
> Host: registry.example
>
< HTTP/1.1 401 Unauthorized
< Content-Length: 2
<
{}
"""
ASKED = """> GET /v2/ HTTP/1.1
> Host: registry.example
> Accept: */*
>
"""
PAGE = """< HTTP/1.1 403 Forbidden
< Content-Type: text/html
<
<p>Access denied &amp; logged: ask &quot;IT&quot;</p>
"""
CUT = f"""time="2026-01-01T10:00:00Z" level=debug msg="do request" url=
https://registry.example/v2/a/b/manifests/1
{'time="2026-01-01T10:00:00Z" level=info msg=started id=1'.ljust(61)}
{'time="2026-01-01T10:00:00Z" level=info msg=started id=2'.ljust(61)}
"""
RECORD = """crane.exe : 2026/01/01 10:00:00 --> GET https://reg
istry.example/v2/
At line:1 char:1
+ crane -v manifest registry.example/a 2> log
+ ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
    + CategoryInfo          : NotSpecified: (2026/01/01...:String) [], RemoteException
    + FullyQualifiedErrorId : NativeCommandError
2026/01/01 10:00:00 GET /v2/ HTTP/1.1
"""


def _read(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in unwrapping(text)(io.StringIO(text)))


@pytest.mark.parametrize(
    "around",
    [
        lambda line: f"> {line}",
        lambda line: f"    {line}",
        lambda line: f"\t{line}",
        lambda line: line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;"),
    ],
    ids=["mail", "markdown", "tab", "page"],
)
def test_what_is_around_is_taken_away(around) -> None:  # type: ignore[no-untyped-def]
    """Quotes, indentation and entities of the whole log."""
    assert _read("".join(f"{around(line)}\n" for line in CURL.splitlines())) == CURL


@pytest.mark.parametrize("text", [CURL, ASKED, PAGE, CUT], ids=["curl", "requests", "a page's words", "padded"])
def test_what_looks_like_it_stays(text: str) -> None:
    """curl's marks are no quotes, a page in an answer is no page around the log, two lines of one length are no terminal."""
    assert _read(text) == "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def test_the_width_of_a_terminal_is_undone() -> None:
    """Three lines and more that were cut at one width."""
    line = 'time="2026-01-01T10:00:00Z" level=debug msg="do request" url="https://registry.example/v2/a/b/manifests/1"'
    cut = f"{line[:70]}\n{line[70:]}\n"
    assert _read(cut * 3) == f"{line}\n" * 3


def test_a_frame_is_undone() -> None:
    """k9s cuts a line that is longer than its frame, and fills up one that is shorter."""
    assert _read("│ the first li │\n│ ne           │\n│ short        │\n") == "the first line\nshort\n"


def test_a_margin_is_taken_away() -> None:
    """Terraform draws the left side of a frame."""
    assert (
        _read("╷\n│ Error: no image\n│ \n│   on main.tf line 1\n╵\n") == "\nError: no image\n\n  on main.tf line 1\n\n"
    )


def test_a_link_is_its_address() -> None:
    """An editor made it of an address, and took what stood beside it."""
    assert _read('Head "[https://r.example/v2/a/manifests/1":](https://r.example/v2/a/manifests/1%22:) denied\n') == (
        'Head "https://r.example/v2/a/manifests/1": denied\n'
    )


def test_a_record_of_powershell_is_what_was_written() -> None:
    """The first line on stderr, which it makes a record of, and cuts at its width."""
    assert _read(RECORD) == (
        "2026/01/01 10:00:00 --> GET https://registry.example/v2/\n2026/01/01 10:00:00 GET /v2/ HTTP/1.1\n"
    )


@pytest.mark.parametrize("begin", ["a.exe : x\n", "> ", "time=", "&#34;"])
def test_a_long_log_is_read_in_time(begin: str) -> None:
    """However often it begins so."""
    text = "+ FullyQualifiedErrorId\n" + begin * 20_000 + "x" * 200_000
    assert _read(text)
