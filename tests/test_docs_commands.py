"""Every command in README and docs is run: here, or by the test that is named. A line that is new fails until it is.

docs/vanity-domains.md is followed from top to bottom by tests/cli/test_vanity_docs.py.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli import warm
from tests.cli.test_mirror import V3
from tests.host.fake_machine import debian
from typer.testing import CliRunner

from pullscope.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
RECORDINGS = ROOT / "tests" / "data" / "recordings"
ELSEWHERE = {
    r"python3 -m venv .* \.venv/bin/pullscope demo": ("tests/e2e/smoke_installed.py", '"demo"'),
    r"python3 -m venv .* (pytest -q|'\.\[test,lint\]')|python -m pytest -q": (".ci/run", "readme_tests"),
    r"ruff check .*": ("noxfile.py", '"lint-imports"'),
    r"\.ci/run": ("tests/test_ci.py", '".ci" / "run"'),
    r"nox": ("noxfile.py", '["lint", "oldest", "newest", "lowest"]'),
    r"nox -s package installed tools": ("noxfile.py", "def tools"),
    r"pip install '\.\[otel\]'": (".ci/run", "otel"),
    r"pullscope docker (on|off)": ("tests/systemd/test_docker_service.py", '"on"'),
    r"pullscope doctor unit .*": ("tests/systemd/test_nodes.py", '"doctor", "unit"'),
    r"pullscope doctor \S+ --trace .*": ("tests/e2e/test_doctor_trace.py", '"--trace"'),
    r"pullscope docker trace": ("tests/systemd/test_foreground.py", '"trace"'),
    r"pullscope docker sandbox .*": ("tests/systemd/test_foreground.py", '"sandbox"'),
    r"pullscope run -- skopeo .*": ("tests/cli/test_run.py", "skopeo"),
    r"pullscope report --follow .*": ("tests/cli/test_follow.py", '"--follow"'),
    r"(mitmproxy|mitmweb) .*": ("tests/mitm/test_watch.py", "mitmweb"),
}
"""What needs root, a network, a window or an end by Ctrl-C; the file that runs it, and a word of it."""
MORE = {
    r"mitmdump (?!-nr).*": " -nr flows.mitm --set confdir=ca",
    r"pullscope trace.*": " -- -nr flows.mitm --set confdir=ca",
    r"pullscope on .*": " --root machine --confdir ca",
    r"pullscope (mirror|doctor|off|status) .*": " --root machine",
}
"""What is added, so that a proxy ends when it has read a flow file, and a machine's files are those of a folder."""


def blocks(page: Path) -> Iterator[list[str]]:
    """The commands of a page's shell blocks, without comments and `sudo`; what a `$ ` begins, in those that show output."""
    text = page.read_text(encoding="utf-8")
    for kind, block in re.findall(r"^ *```(sh|console)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        whole = re.sub(r"for .*?\ndone", _on_one_line, block.replace("\\\n", " "), flags=re.DOTALL)
        found = []
        for line in whole.splitlines():
            shown = line.strip()
            if kind == "console" and not shown.startswith("$ "):
                continue
            words = re.sub(r"\s+#.*|^#.*", "", shown.removeprefix("$ ")).removeprefix("sudo ").strip()
            words = words if "-m venv" in words else words.replace(".venv/bin/", "", 1)
            if words and not (page.name == "how-a-pull-works.md" and "curl" in block):
                found.append(re.sub(" +", " ", words))
        if found:
            yield found


def _on_one_line(loop: re.Match[str]) -> str:
    return loop[0].replace("\ndone", "; done").replace("\n", " ")


ALL = [(page.name, block) for page in PAGES for block in blocks(page)]


def runs_here(command: str) -> bool:
    return not any(re.fullmatch(pattern, command) for pattern in ELSEWHERE)


def as_run(command: str) -> str:
    return command + next((more for pattern, more in MORE.items() if re.fullmatch(pattern, command)), "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the reader stands: a checkout with some recordings."""
    for name, source in {
        "pull.jsonl": "../demo/direct.jsonl",
        "before.jsonl": "../demo/direct.jsonl",
        "after.jsonl": "../demo/direct.jsonl",
        "flows.mitm": "dockerd-20.10-hub.mitm",
        "recordings/one.jsonl": "../demo/direct.jsonl",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(RECORDINGS / source, tmp_path / name)
    logs = ROOT / "tests" / "data" / "logs"
    shutil.copy(logs / "crane-pull.log", tmp_path / "crane.log")
    (tmp_path / "addons").symlink_to(ROOT / "addons")
    (tmp_path / "machine").mkdir()
    debian(tmp_path / "machine", **{"/etc/containerd/config.toml": V3, "/usr/bin/podman": ""})
    (tmp_path / "bin").mkdir()
    for name, script in {
        "pullscope": warm.script(),
        "journalctl": f"#!/bin/sh\nexec cat {logs / 'dockerd-classic.log'}\n",
        "kubectl": f"#!/bin/sh\nexec cat {logs / 'kubelet-events.log'}\n",
    }.items():
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(("page", "block"), [one for one in ALL if any(map(runs_here, one[1]))])
def test_a_block_of_commands_ends_well(page: str, block: list[str], folder: Path) -> None:
    """In its order, with exit code 0 and without an error in its output."""
    if (folder / "pull.jsonl").exists() and any(" -o pull.jsonl" in command for command in block):
        (folder / "pull.jsonl").unlink()
    lines = [as_run(command) for command in block if runs_here(command)]
    if "pullscope_otlp" in "".join(lines):
        pytest.importorskip("opentelemetry.sdk", reason="the extra [otel] is not installed")
    path = f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-ec", "\n".join(lines)],
        cwd=folder,
        env={**os.environ, "PATH": path, "BROWSER": "true"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, f"{page}: {lines}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert "Traceback" not in done.stderr
    assert not re.search(r"^(error|Error):", done.stderr, re.MULTILINE)


def test_what_is_run_elsewhere_is_run_there() -> None:
    """Each exception is of a command that some page has, and names a file that is there and speaks of it."""
    for pattern, (where, word) in ELSEWHERE.items():
        assert any(re.fullmatch(pattern, command) for _, block in ALL for command in block), pattern
        assert word in (ROOT / where).read_text(encoding="utf-8"), (where, word)


def test_the_readme_shows_what_the_command_prints() -> None:
    """The sample before the first picture is the report of the recorded demo; what an error message means is as shown."""
    from pullscope.cli.source import read_trace
    from pullscope.render.report import report_lines

    [pull] = read_trace(str(ROOT / "tests" / "data" / "demo" / "direct.jsonl"))[0].pulls
    sample, picture = (
        re.search(r"```text\n(.*?)```", (page := (ROOT / "README.md").read_text()), re.DOTALL),
        page.index("!["),
    )

    assert sample is not None
    assert sample.end() < picture
    assert sample[1].rstrip().splitlines() == [line.rstrip() for line in report_lines([pull])]
    message = re.search(r"pullscope explain '(.*)'", page)
    assert message is not None
    assert f"```text\n{CliRunner().invoke(app, ['explain', message[1]]).stdout}```" in page
