"""CONTRIBUTING's page on platforms, tried: an invented one is added to a copy of the source, and used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pullscope

OWN_FILE = '''
"""Example Pages as a platform: lines of `from to`, an exact path or a prefix with `*`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult

from pullscope.worlds.vanity.rules import Dialect
from pullscope.worlds.vanity.patterns import PrefixPattern, exact_pattern
from pullscope.worlds.vanity.platform import Kind, Read
from pullscope.worlds.vanity.platform import PUBLIC, Design, Project
from pullscope.worlds.vanity.rules import Rule


def _read(text: str, name: str) -> Read:
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        source, space, target = line.partition(" ")
        if not space:
            raise ValueError(f"{name}:{number}: a line is `from to`")
        pattern = PrefixPattern(source[:-1]) if source.endswith("*") else exact_pattern(source)
        rules.append(
            Rule( file=name, line=number, source=source, pattern=pattern, status=302, target=target
            )
        )
    return Read(rules=rules)


def _fill(target: str, _values: Mapping[str, str], asked: SplitResult) -> str:
    return target.replace("{path}", asked.path)


KIND = Kind(
    id="example",
    label="Example Pages",
    is_file=lambda name, _: name == "pages.rules",
    read=_read,
    dialect=Dialect(server="example-pages"),
    fill=_fill,
    ping_fix="Add: /v2/ https://{target}/v2/",
    address="the address of Example Pages",
    projects={
        Design.REDIRECT: Project(
            rules="pages.rules",
            files={
                "pages.rules": "/v2/ https://$upstream/v2/\\n/v2/$namespace/* https://$upstream{path}\\n",
                **PUBLIC,
            },
            steps="1. Upload `$rules`.\\n",
        )
    },
    row=("`pages.rules`", "exact, or `*` at the end", "302"),
)
'''


@pytest.fixture
def added(tmp_path: Path) -> Path:
    """The folder of a copy of the source with the platform in it: one new file."""
    copy = tmp_path / "src"
    shutil.copytree(Path(pullscope.__file__).parent, copy / "pullscope", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "pullscope" / "worlds" / "vanity" / "kinds" / "example.py").write_text(OWN_FILE)
    return copy


def run(source: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """pullscope from that source."""
    command = [sys.executable, "-c", "from pullscope.cli.main import main; main()", "vanity", *words]
    env = {**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_platform_of_one_file_is_written_linted_and_tried(added: Path, tmp_path: Path) -> None:
    """`init` knows the platform, `lint` passes what it wrote, and `try` has docker pull through it."""
    namespace = ("--namespace", "timonback", "--upstream", "docker.io", "--platform", "example", "--out", "new")
    written = run(added, tmp_path, "init", "docker.example.com", *namespace)
    linted = run(added, tmp_path, "lint", "new/pages.rules", "--host", "docker.example.com", "--json")
    tried = run(added, tmp_path, "try", "new/pages.rules", "--ref", "docker.example.com/timonback/web", "--json")

    assert written.returncode == 0, written.stderr
    assert "Upload `pages.rules`." in (tmp_path / "new" / "README.md").read_text()
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert json.loads(linted.stdout)["platform"] == "example"
    assert tried.returncode == 0, tried.stdout + tried.stderr
    ended = {one["id"]: one["verdict"] for one in json.loads(tried.stdout)["clients"]}
    assert (ended["docker-classic"], ended["skopeo"]) == ("works", "fails")


def test_what_it_cannot_do_is_a_sentence(added: Path, tmp_path: Path) -> None:
    """A design without a project, and a line that cannot be read, are refused in one sentence."""
    words = ("init", "docker.example.com", "--namespace", "timonback", "--platform", "example", "--design", "proxy")
    refused = run(added, tmp_path, *words)
    (tmp_path / "pages.rules").write_text("/v2/\n")
    unread = run(added, tmp_path, "lint", "pages.rules", "--host", "docker.example.com")

    assert (refused.returncode, unread.returncode) == (2, 1)
    assert "no proxy starter for example" in " ".join(refused.stderr.split())
    assert "pages.rules:1: a line is" in unread.stderr
