"""What is told of many operations together: counts that add up, and an allowlist."""

from __future__ import annotations

from dataclasses import replace

from tests.render.samples import TRACES, recorded, told
from tests.trace.wire import Wire, played

from pullscope.render.across_operations import hosts, summary


def test_counts_add_up() -> None:
    """By image and by client it is all operations, each once."""
    trace = TRACES["every-ending"]()
    text = summary(told(trace))
    head, *blocks = text.split("\n\n")
    assert head.startswith(f"{len(trace.pulls)} operations: ")
    for block, title in zip(blocks, ("image", "client"), strict=False):
        lines = block.splitlines()
        assert lines[0].endswith(f"  {title}")
        assert sum(int(line.split()[0]) for line in lines[1:]) == len(trace.pulls)


def test_what_a_summary_says() -> None:
    """One failed pull: its image, its client, and each code once with its severity."""
    text = summary(told(recorded("skopeo-1.9-vanity-302")))
    assert text.splitlines()[0] == "1 operation: 0 complete, 1 failed, 0 incomplete"
    assert "    1             1     212 B  skopeo 1.9.3\n" in text
    assert "    1  error     authorization-dropped\n" in text


def test_hosts_are_an_allowlist_with_ports() -> None:
    """One line a host and port over all operations, most requests first; names of storage are said to change."""
    heads, *lines = hosts(told(recorded("dockerd-20.10-hub"))).splitlines()
    assert heads.split("  ")[0] == "host and port"
    assert lines[0].split()[:2] == ["registry-1.docker.io:443", "registry"]
    assert sum("cdn" in line for line in lines[:3]) == 1
    assert " ".join(lines[4:]).startswith("The hosts of a CDN can change")


def test_tables_fit_a_narrow_terminal() -> None:
    """At 59 columns no line is longer: the counts of hosts go, never the name or the bytes; a long image has its own line."""
    for trace in ("dockerd-20.10-vanity-302", "every-ending"):
        narrow = replace(told(TRACES[trace]()), width=59)
        for text in (hosts(narrow), summary(narrow)):
            assert [line for line in text.splitlines() if len(line) > 59] == []
    assert "operations" in hosts(told(TRACES["dockerd-20.10-vanity-302"]()))
    assert hosts(narrow).splitlines()[0].split("  ")[-1].strip() == "bytes"
    images = summary(narrow).split("\n\n")[1].splitlines()[1:]
    assert [line[:1].isspace() for line in images] == [False, True] * (len(images) // 2), "all above, or all beside"


def test_plain_http_and_other_ports_have_their_own() -> None:
    """80 where nothing is spelled and the scheme is http, else what is spelled."""
    wire = Wire(agent="skopeo/1.9.3")
    wire.ask("GET", "http://registry.lan/v2/", 200)
    wire.ask("GET", "http://registry.lan:5000/v2/app/manifests/1", 404)
    names = {line.split()[0] for line in hosts(told(played(wire))).splitlines()[1:]}
    assert names == {"registry.lan:80", "registry.lan:5000"}


def test_nothing_is_nothing() -> None:
    """No operation: no host, and a summary that says so."""
    none = replace(told(recorded("dockerd-20.10-hub")), pulls=[])
    assert hosts(none) == ""
    assert summary(none).startswith("0 operations: ")
