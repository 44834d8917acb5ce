"""daemon.json: our entries in and out, every other byte as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullscope.host import daemon_json

STYLES = (
    b"{}",
    b"{\n}\n",
    b'{"debug":true}',
    b'{"debug": true, "labels": ["a=b"]}\n',
    b'{\n  "debug": true,\n  "labels": ["a=b"]\n}\n',
    b'{\n\t"debug": true,\n\t"log-opts": {"max-size": "1m"}\n}',
    b'{\r\n    "debug": true\r\n}\r\n',
    b'\n{ "registry-mirrors" : [ "https://m.example" ] }\n\n',
)


@pytest.mark.parametrize("content", STYLES)
def test_add_keeps_every_other_byte(content: bytes) -> None:
    """What was there is a subsequence of what is there after, so nothing was rewritten."""
    added = daemon_json.add_listed(content, daemon_json.INSECURE, ("docker.example.com",))
    assert daemon_json.read(added)["insecure-registries"] == ["docker.example.com"]
    rest = iter(added)
    assert all(byte in rest for byte in content)


@pytest.mark.parametrize("content", STYLES[2:])
def test_remove_takes_out_what_add_put_in(content: bytes) -> None:
    """Where the object had members, add and remove are inverse to the byte."""
    added = daemon_json.add_listed(content, daemon_json.INSECURE, ("docker.example.com",))
    assert daemon_json.remove_listed(added, daemon_json.INSECURE, ("docker.example.com",), keep_empty=False) == content


@pytest.mark.parametrize(
    "content",
    [
        b'{"insecure-registries": ["a.lan:5000"]}',
        b'{"insecure-registries": ["a.lan:5000", "b.lan"], "x": 1}',
        b'{\n  "insecure-registries": [\n    "a.lan:5000",\n    "b.lan"\n  ],\n  "debug": false\n}\n',
    ],
)
def test_items_join_an_existing_list_and_leave_it(content: bytes) -> None:
    """A list that was there keeps its items, order and layout."""
    added = daemon_json.add_listed(content, daemon_json.INSECURE, ("new.example",))
    assert daemon_json.read(added)["insecure-registries"][-1] == "new.example"
    assert daemon_json.remove_listed(added, daemon_json.INSECURE, ("new.example",), keep_empty=False) == content


def test_an_item_that_was_there_is_not_added_twice() -> None:
    """Adding what is there changes no byte."""
    content = b'{"insecure-registries": ["a.lan"]}'
    assert daemon_json.add_listed(content, daemon_json.INSECURE, ("a.lan",)) == content


def test_keep_empty_leaves_a_list_that_clears_on_reload() -> None:
    """dockerd forgets the list on reload only where it reads `[]`."""
    content = b'{"insecure-registries": ["a.lan"], "debug": true}'
    assert daemon_json.read(daemon_json.remove_listed(content, daemon_json.INSECURE, ("a.lan",), keep_empty=True)) == {
        "insecure-registries": [],
        "debug": True,
    }
    assert (
        daemon_json.read(daemon_json.with_empty(b'{"debug": true}', daemon_json.INSECURE))["insecure-registries"] == []
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"{", "is not JSON"),
        (b'{"a": 1,}', "is not JSON"),
        (b'// hi\n{"a": 1}', "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b'\xef\xbb\xbf{"a": 1}', "byte order mark"),
        (b'{"a": "\xff"}', "is not UTF-8"),
        (b'{"a": 1, "a": 2}', 'the key "a" twice'),
        (b'{"insecure-registries": "a"}', "not a list of strings"),
        (b'{"insecure-registries": null}', "not a list of strings"),
        (b'{"insecure-registries": {"a": 1}}', "not a list of strings"),
        (b'{"insecure-registries": ["a", 5]}', "not a list of strings"),
        (b'{"insecure-registries": [["a"], {}]}', "not a list of strings"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a": ' + b'{"b":' * 100_000 + b"1" + b"}" * 100_000 + b"}", "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"\\ud800": 1, "\\ud800": 2}', r'the key "\\ud800" twice'),
    ],
)
def test_what_is_no_daemon_json_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    """An existing configuration is never guessed at."""
    with pytest.raises(ValueError, match=reason):
        daemon_json.add_listed(content, daemon_json.INSECURE, ("x",))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.text(max_size=6), _VALUES, max_size=4),
    st.sampled_from([None, 0, 1, 2, "\t"]),
    st.booleans(),
    st.lists(st.text(max_size=5), max_size=3, unique=True),
)
def test_any_object_survives(document: dict[str, object], indent: int | None, ascii_only: bool, old: list[str]) -> None:
    """For any settings in any layout the other members are equal afterwards, in the same order."""
    document["insecure-registries"] = old
    content = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    added = daemon_json.add_listed(content, daemon_json.INSECURE, ("docker.example.com",))
    assert list(daemon_json.read(added)) == list(document)
    assert daemon_json.read(added) == {**document, "insecure-registries": [*old, "docker.example.com"]}
    removed = daemon_json.remove_listed(added, daemon_json.INSECURE, ("docker.example.com",), keep_empty=True)
    assert daemon_json.read(removed) == document


_SHAPES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.lists(st.none() | st.integers() | st.text(max_size=4) | st.lists(st.text(max_size=2), max_size=2), max_size=4)
    | st.dictionaries(st.text(max_size=4), st.none() | st.integers() | st.text(max_size=4), max_size=3)
)


@given(_SHAPES, _SHAPES, st.booleans())
def test_any_shape_is_read_or_refused_in_our_words(registries: object, proxies: object, ascii_only: bool) -> None:
    """Whatever stands where a list or an object is wanted: it goes in and comes out again, or a sentence says what is wrong."""
    content = json.dumps({"insecure-registries": registries, "proxies": proxies}, ensure_ascii=ascii_only).encode(
        "utf-8", "surrogatepass"
    )
    for act in (
        lambda: daemon_json.proxies(daemon_json.read(content)),
        lambda: daemon_json.listed(daemon_json.read(content), daemon_json.INSECURE),
        lambda: daemon_json.remove_listed(
            daemon_json.add_listed(content, daemon_json.INSECURE, ("new.example",)),
            daemon_json.INSECURE,
            ("new.example",),
            keep_empty=True,
        ),
    ):
        try:
            act()
        except ValueError as error:
            assert str(error).startswith(("has ", "is not "))  # noqa: PT017  # both ends are right


def test_time_does_not_grow_with_the_square_of_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """3,000 keys and 3,000 registries: each member is looked at a fixed number of times, the places of all of them too."""
    looked = 0

    class Counted(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal looked
            looked += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    def same(part: daemon_json.Part, other: object) -> bool:
        nonlocal looked
        looked += 1
        return part is other

    monkeypatch.setattr(daemon_json.Part, "__eq__", same)
    keys = {f"k{number}": 1 for number in range(3_000)}
    content = json.dumps(keys | {"insecure-registries": ["x.example", "y.example"] * 1_500}).encode()
    host = Counted("x.example")
    added = daemon_json.add_listed(content, daemon_json.INSECURE, (host, "z.example"))
    removed = daemon_json.remove_listed(added, daemon_json.INSECURE, (host,), keep_empty=True)
    assert daemon_json.read(removed)["insecure-registries"] == ["y.example"] * 1_500 + ["z.example"]
    assert looked < 10_000
