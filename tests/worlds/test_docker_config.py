"""Logins from docker's config.json, and what is in such files besides."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from pullscope.worlds.docker_config import config_file, read_logins


def write(directory: Path, document: object) -> Path:
    file = directory / "config.json"
    file.write_text(json.dumps(document))
    return file


def encoded(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def test_reads_logins_by_the_host_of_the_api(tmp_path: Path) -> None:
    """Docker Hub's is kept under its index; a password may hold colons; nothing shows in a repr."""
    auths = {"https://index.docker.io/v1/": encoded("me:a:b"), "docker.example.com": encoded("you:secret")}
    found = read_logins(write(tmp_path, {"auths": auths}))

    assert set(found) == {"registry-1.docker.io", "docker.example.com"}
    assert (found["registry-1.docker.io"].username, found["registry-1.docker.io"].password) == ("me", "a:b")
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"auths": []},
        {"auths": {"a": {}}},
        {"auths": {"a": {"auth": 1}}},
        {"auths": {"a": {"auth": "!!"}}},
        {"auths": {"a": {"auth": "é"}}},
        {"auths": {"https://[x/": {"auth": "é"}}},
        {"auths": {"": {}}},
        None,
        {"auths": {"a": {"auth": "bm9jb2xvbg=="}}},
        {"credsStore": "desktop", "auths": {"a": {}}},
    ],
)
def test_what_is_no_login_is_none(tmp_path: Path, document: object) -> None:
    """Helpers are not run: what they keep is not at hand."""
    assert read_logins(write(tmp_path, document)) == {}


@pytest.mark.parametrize("content", ["[" * 100_000, "{", "", "x" * 2_000_000, '{"a": ' + "9" * 5000 + "}"])
def test_what_is_no_config_is_one_sentence(tmp_path: Path, content: str) -> None:
    """Deep, cut off, empty, too large, a number that Python does not read: the path and the reason, in our words."""
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match=r"config\.json is "):
        read_logins(tmp_path / "config.json")


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    """Only a regular file is read."""
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(ValueError, match="is not a regular file"):
        read_logins(tmp_path / "config.json")


def test_the_file_is_where_docker_looks() -> None:
    """$DOCKER_CONFIG is a folder."""
    assert config_file({"DOCKER_CONFIG": "/x"}) == Path("/x/config.json")
    assert config_file({}).parts[-2:] == (".docker", "config.json")
