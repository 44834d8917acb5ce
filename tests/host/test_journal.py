"""The journal: read whole or refused whole, before anything is undone."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.host.fake_machine import AUTHORITY, Systemd, debian, listing

from pullscope.host import HostError, change, journal_document, plan, switch
from pullscope.host.journal_document import KINDS
from pullscope.host.requested import Wish

JOURNAL = "var/lib/pullscope/journal.json"
SHA = "0" * 64
GOOD: dict[str, Any] = {
    "schema": 1,
    "version": "0.1.0",
    "options": {
        "mode": "proxy",
        "trust": "env",
        "proxy_host": "127.0.0.1",
        "proxy_port": 8080,
        "hosts": ["a.example"],
        "insecure": [],
        "no_proxy": None,
        "until": None,
        "off_command": ["pullscope", "off"],
        "names": {"b.example": "10.0.0.1"},
    },
    "made": ["/var/lib/pullscope"],
    "entries": [
        {
            "path": "/etc/hosts",
            "kind": "hosts",
            "mode": 420,
            "ours": [SHA],
            "claims": ["x"],
            "before": {"content": "eA==", "mode": 420, "uid": 0, "gid": 0, "mtime_ns": 1},
        },
        {"path": "/etc/pullscope", "kind": "directory", "mode": 493, "ours": [], "claims": [], "before": None},
    ],
}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [at]
    if isinstance(value, dict):
        found += [place for key, item in value.items() for place in places(item, (*at, key))]
    if isinstance(value, list):
        found += [place for number, item in enumerate(value) for place in places(item, (*at, number))]
    return found


def put(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy of `document` with another value in one place."""
    if not place:
        return value
    changed = copy.deepcopy(document)
    inside = changed
    for part in place[:-1]:
        inside = inside[part]
    inside[place[-1]] = value
    return changed


def reading(root: Path) -> str:
    """What is said where the journal below `root` is refused; empty where it is believed."""
    try:
        assert Systemd(root).look().record is not None
    except HostError as error:
        return str(error)
    return ""


WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    1.5,
    "",
    "x",
    "relative/path",
    "/etc/../x",
    "/nul\0",
    "\ud800",
    [],
    ["x"],
    [None],
    {},
    {"a": 1},
)


def test_a_good_document_is_read_and_written_as_it_is() -> None:
    """Options of another version included."""
    document = put(GOOD, ("options", "colour"), {"any": ["thing"]})
    assert json.loads(journal_document.written(journal_document.read(json.dumps(document).encode()))) == document


@pytest.mark.parametrize("place", places(GOOD), ids=str)
def test_a_wrong_value_in_any_place_is_named_before_anything_is_undone(tmp_path: Path, place: tuple[Any, ...]) -> None:
    """The grid: each place of the document with each wrong value, and left out. Refused whole, or good for an undo to its end."""
    root = debian(tmp_path, **{"/" + JOURNAL: ""})
    then = listing(root)
    documents = [put(GOOD, place, value) for value in WRONG]
    if place and isinstance(place[-1], str):
        without = copy.deepcopy(GOOD)
        inside: Any = without
        for part in place[:-1]:
            inside = inside[part]
        del inside[place[-1]]
        documents.append(without)
    refused = 0
    for document in documents:
        (root / JOURNAL).write_text(json.dumps(document))
        said = reading(root)
        refused += bool(said)
        if said:
            assert said.startswith(f"/{JOURNAL} ")
            assert "Nothing changed" in said
        assert listing(root) == then | {JOURNAL: listing(root)[JOURNAL]}
    assert refused > 3 or place[:2] in {
        ("options", "no_proxy"),
        ("options", "until"),
        ("options", "version"),
        ("version",),
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "is nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "is nested too deeply"),
        (b"[]", "has a document that is not an object"),
        (b'{"schema": 2}', "has schema 2, this version knows 1"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "is not JSON"),
        (
            json.dumps(put(GOOD, ("entries", 0, "kind"), "nope")).encode(),
            r"has entries\[0\]\.kind that is not one of",
        ),
        (b'{"schema":1,"options":"x","version":"","made":[],"entries":[]}', "has options that is not an object"),
        (
            json.dumps(put(GOOD, ("entries", 0, "path"), "x")).encode(),
            r"has entries\[0\]\.path that is not an absolute path",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(content: bytes, reason: str) -> None:
    """Not JSON, deep, of another schema, of other types."""
    with pytest.raises(ValueError, match=reason):
        journal_document.read(content)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_journal_that_is_believed_can_be_undone_to_its_end(tmp_path: Path, data: st.DataObject) -> None:
    """Any two values of a real journal changed: it is refused, or `off` ends without an exception and says what it left."""
    root = tmp_path / str(len(list(tmp_path.iterdir())))
    root.mkdir()
    systemd = Systemd(debian(root, **{"/etc/docker/daemon.json": '{"proxies": {"http-proxy": "http://x:1"}}'}))
    found = systemd.look()
    wish = Wish(authority=AUTHORITY, insecure=("x.lan",), hosts=("a.example",), trust="certs.d")
    switch.on(found, plan.plan(found, wish), lambda _: None)
    document = json.loads((root / JOURNAL).read_text())
    for _ in range(2):
        place = data.draw(st.sampled_from([place for place in places(document) if place]))
        document = put(document, place, data.draw(st.sampled_from(WRONG)))
    (root / JOURNAL).write_text(json.dumps(document))
    try:
        found = systemd.look()
    except HostError:
        return
    undone = switch.off(found, lambda _: None)
    assert undone.was_on
    assert undone.left or not (root / JOURNAL).exists()


def test_every_kind_has_its_way_back() -> None:
    """What the journal accepts, change.py can undo."""
    assert {*change.MERGES, "directory"} == KINDS


@pytest.mark.parametrize("host", ["x" * 300, "a.example"], ids=["too long", "plain"])
def test_a_journal_of_an_older_version_is_finished(tmp_path: Path, host: str) -> None:
    """A path that no file can have was recorded and never made: status reads it, and `off` finishes."""
    systemd = Systemd(debian(tmp_path))
    then = listing(tmp_path)
    found = systemd.look()
    switch.on(found, plan.plan(found, Wish(authority=AUTHORITY)), lambda _: None)
    place = tmp_path / JOURNAL
    document = json.loads(place.read_text())
    document["options"]["hosts"] = [host]
    folder = f"/etc/docker/certs.d/{host}"
    document["entries"] += [
        {"path": folder, "kind": "directory", "mode": 493, "ours": [], "claims": [], "before": None},
        {"path": f"{folder}/x.crt", "kind": "certificate", "mode": 420, "ours": [SHA], "claims": [], "before": None},
    ]
    place.write_text(json.dumps(document))
    found = systemd.look()
    assert found.tree.look(f"{folder}/x.crt").absent
    assert switch.off(found, lambda _: None).left == ()
    assert listing(tmp_path) == then
