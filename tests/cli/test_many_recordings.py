"""Many recordings in DuckDB: the lines of docs/exports.md, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.cli import warm

ROOT = Path(__file__).resolve().parents[2]
DEMOS = sorted((ROOT / "tests" / "data" / "demo").glob("*.jsonl"))
RECIPE = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8").partition("## Many recordings")[2]

try:
    import duckdb
except ImportError:
    if os.environ.get("CI"):
        raise
    pytest.skip("needs duckdb (extra [test])", allow_module_level=True)


def block(language: str) -> str:
    """The first block of a language in the recipe."""
    found = re.search(rf"```{language}\n(.*?)```", RECIPE, re.DOTALL)
    assert found
    return found[1]


def exported(folder: Path, recordings: list[Path]) -> list[dict[str, Any]]:
    """Runs the shell's part in a folder with these recordings; the pulls that it wrote."""
    (folder / "recordings").mkdir()
    for recording in recordings:
        shutil.copy(recording, folder / "recordings")
    ours = folder / "pullscope"
    ours.write_text(warm.script(), encoding="utf-8")
    ours.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-euc", block("sh")], cwd=folder, env=env, check=True, timeout=120)
    written = sorted((folder / "pulls").glob("*.jsonl"))
    assert [file.name for file in written] == [recording.name for recording in recordings]
    return [json.loads(line) for file in written for line in file.read_text(encoding="utf-8").splitlines()]


def answers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[Any, ...]]]:
    """What each query answers, asked in that folder."""
    monkeypatch.chdir(folder)
    with duckdb.connect() as connection:
        return [connection.execute(one).fetchall() for one in connection.extract_statements(block("sql"))]


def test_the_queries_answer_what_the_reports_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who pulls what, where the bytes come from, and how near the limit was, each equal to the sum over the reports."""
    pulls = exported(tmp_path, DEMOS)
    who, hosts, limit = answers(tmp_path, monkeypatch)
    sent: Counter[str] = Counter()
    for pull in pulls:
        sent.update({host["host"]: host["bytes"] for host in pull["hosts"]})

    assert sorted(who) == sorted(
        (pull["client"]["family"], pull["registry"], pull["repository"], 1, pull["bytes"], 0) for pull in pulls
    )
    assert {host: total for host, _, _, total in hosts} == dict(sent)
    assert [total for *_, total in hosts] == sorted(sent.values(), reverse=True)
    least = min(pull["rate_limit"]["remaining_after"] for pull in pulls)
    assert limit == [(pulls[0]["rate_limit"]["source"], least, len(pulls))]


def test_a_registry_without_a_limit_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no answer spoke of a limit, its query has no rows; the others answer as ever."""
    (tmp_path / "made").mkdir()
    recording = tmp_path / "made" / "direct.jsonl"
    lines = [json.loads(line) for line in DEMOS[0].read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if "headers" in line:
            line["headers"] = [pair for pair in line["headers"] if "ratelimit" not in pair[0].lower()]
    recording.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    pulls = exported(tmp_path, [recording])
    who, hosts, limit = answers(tmp_path, monkeypatch)

    assert [pull["rate_limit"] for pull in pulls] == [None]
    assert (len(who), limit) == (1, [])
    assert hosts
