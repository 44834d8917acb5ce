"""/etc/hosts: our block in and out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullscope.host import hosts_file


@given(st.lists(st.sampled_from(["127.0.0.1 localhost", "# note", "", "::1 x y"])).map("\n".join), st.booleans())
def test_the_block_comes_out_as_it_went_in(text: str, newline: bool) -> None:
    """What ends in a line break is restored to the byte; what does not gains one."""
    content = text.encode() + (b"\n" if newline else b"")
    added = hosts_file.add_block(content, {"docker.example.com": "127.0.0.1"})
    assert hosts_file.entries(added)["docker.example.com"] == "127.0.0.1"
    assert hosts_file.remove_block(added).rstrip(b"\n") == content.rstrip(b"\n")
    assert hosts_file.add_block(added, {"docker.example.com": "127.0.0.1"}) == added


@given(
    st.lists(
        st.sampled_from([hosts_file.BEGIN, hosts_file.END, "127.0.0.1 localhost", "192.0.2.1 mine", ""]),
        max_size=9,
    )
)
def test_only_our_own_lines_come_out(lines: list[str]) -> None:
    """Marks that lost their other half, as by an editor: what is between one of them and our block is not ours."""
    content = "".join(f"{line}\n" for line in lines).encode()
    added = hosts_file.add_block(content, {"docker.example.com": "127.0.0.1"})
    assert hosts_file.remove_block(added) == hosts_file.remove_block(content)


@pytest.mark.parametrize("lost", [hosts_file.END, hosts_file.BEGIN])
def test_a_block_without_a_mark_is_left_alone(lost: str) -> None:
    """Where it ends is not known."""
    broken = hosts_file.add_block(b"a\n", {"x": "127.0.0.1"}).replace(lost.encode() + b"\n", b"")
    assert hosts_file.remove_block(broken) == broken
