"""`HOST[:PORT]`: what is one, and its parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullscope.host import registry_host
from pullscope.host.requested import Wish


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("docker.example.com", ("docker.example.com", None)),
        ("registry.example:5000", ("registry.example", 5000)),
        ("[::1]:5", ("[::1]", 5)),
        ("[2001:db8::1]", ("[2001:db8::1]", None)),
        ("127.0.0.1:5000", ("127.0.0.1", 5000)),
        ("a" * 63 + ".example", ("a" * 63 + ".example", None)),
    ],
)
def test_a_host_has_a_name_and_perhaps_a_port(text: str, parts: tuple[str, int | None]) -> None:
    """IPv6 addresses stand in brackets."""
    assert registry_host.parts(registry_host.check(text)) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".x",
        "a b",
        "a\nb",
        "a#b",
        "a%b",
        "a/b",
        "https://a",
        "a..b",
        "-a",
        "a:",
        "a:0",
        "a:65536",
        "a:" + "9" * 5000,
        "a:b",
        "a:٣",
        "::1",
        "[::1",
        "[zz]",
        "[:::::]:5",
        "x" * 300,
        "x" * 64,
        ".".join(["x" * 60] * 5),
        "é.example",
        "..",
        "\0",
        "::1%x y",
    ],
)
def test_what_is_no_host_is_refused_in_one_sentence(text: str) -> None:
    """Before anything is written; the sentence stays short, whatever the word."""
    wishes = [{"hosts": (text,)}, {"insecure": (text,)}, {"mode": "hosts", "hosts": (text,)}, {"proxy_host": text}]
    for wish in wishes[:3] if text == "::1" else wishes:
        with pytest.raises(ValueError, match=r"is not|has ") as error:
            Wish(**wish)  # type: ignore[arg-type]  # one of four, by name
        assert len(str(error.value)) < 400
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["10.0.0.0/8", "2001:db8::/32", "10.0.0.1/8"])
def test_an_insecure_registry_may_be_a_network(text: str) -> None:
    """As dockerd has it; a host to trust may not."""
    assert Wish(insecure=(text,)).insecure == (text,)
    with pytest.raises(ValueError, match="has a path"):
        Wish(hosts=(text,))


@pytest.mark.parametrize("host", ["[::1]:5", "127.0.0.1", "10.0.0.1:5000", "[2001:db8::1]"])
def test_an_address_cannot_be_led_by_the_hosts_file(host: str) -> None:
    """Mode hosts needs names; for certs.d an address will do."""
    with pytest.raises(ValueError, match="is an address"):
        Wish(mode="hosts", hosts=(host,))
    Wish(trust="certs.d", hosts=(host,))


def test_the_proxys_address_is_written_as_in_a_url() -> None:
    """Brackets around IPv6; a port is not part of it, and in mode hosts it is an address."""
    assert Wish(proxy_host="::1", proxy_port=80).proxy == "http://[::1]:80"
    assert Wish(proxy_host="proxy.lan").proxy == "http://proxy.lan:8080"
    with pytest.raises(ValueError, match="--port"):
        Wish(proxy_host="proxy.lan:80")
    with pytest.raises(ValueError, match="is not an address"):
        Wish(mode="hosts", hosts=("a.example",), proxy_host="proxy.lan")


@given(st.text(max_size=20) | st.text("[]:.0a", max_size=12))
def test_parts_of_any_text(text: str) -> None:
    """Old journals hold what an older version accepted: no text is an error, and a port is one."""
    name, port = registry_host.parts(text)
    assert name in text
    assert port is None or 1 <= port <= 65535
