"""The unit file of the service: valid, hardened, and taken back like everything else."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.host.fake_machine import debian, listing

from pullscope.host import HostError, command, proxy_service, systemd
from pullscope.host.command import Outcome
from pullscope.host.proxy_service import ServicePaths
from pullscope.host.tree import Tree

PATHS = ServicePaths(mitmdump="/bin/true", addon="/a/registry_trace.py", rotation="/a/rotation.py", port=9000)
needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def analyze(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"}
    return subprocess.run(["systemd-analyze", *words], env=environment, capture_output=True, text=True, check=False)


@needs_analyze
def test_systemd_has_nothing_to_say_against_our_units(tmp_path: Path) -> None:
    """verify ends with 0 on unknown keys, so its silence is what counts: service and drop-in."""
    (tmp_path / "pullscope.service").write_text(proxy_service.unit_text(PATHS))
    done = analyze(tmp_path, "verify", "pullscope.service")
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "d.service").write_text("[Service]\nExecStart=/bin/true\n")
    (tmp_path / "d.service.d").mkdir()
    shutil.copy(systemd.units() / "docker.service.d" / "pullscope.conf", tmp_path / "d.service.d")
    done = analyze(tmp_path, "verify", "d.service")
    assert (done.returncode, done.stderr) == (0, "")


@needs_analyze
def test_the_service_is_as_hardened_as_the_docs_say(tmp_path: Path) -> None:
    """systemd-analyze security: 1.3 with systemd 252, and never above 2."""
    (tmp_path / "pullscope.service").write_text(proxy_service.unit_text(PATHS))
    done = analyze(tmp_path, "security", "--offline=true", str(tmp_path / "pullscope.service"))
    score = re.search(r"exposure level for pullscope.service: ([0-9.]+)", done.stdout)
    assert score is not None
    assert float(score[1]) <= 2


def test_each_part_that_the_service_reads_is_looked_at(tmp_path: Path) -> None:
    """The program, its interpreter, where their links lead, Python's own files: one below a closed home is named."""
    home, opt = tmp_path / "home", tmp_path / "opt"
    for folder in (home / "python", home / "lib", opt):
        folder.mkdir(parents=True)
    for path in (home / "python" / "python3", home / "lib" / "os.py", home / "mitmdump", opt / "addon.py"):
        path.write_text("")
    (opt / "python").symlink_to(home / "python" / "python3")
    (opt / "script").write_text(f"#!{opt}/python -I\nimport x\n")
    (opt / "link").symlink_to("../home/mitmdump")
    for program, library in (
        ("script", opt / "addon.py"),
        ("link", opt / "addon.py"),
        ("addon.py", home / "lib/os.py"),
    ):
        paths = ServicePaths(
            mitmdump=str(opt / program),
            addon=str(opt / "addon.py"),
            rotation=str(opt / "addon.py"),
            libraries=(str(library),),
        )
        found = proxy_service.needed(paths)
        assert any(Path(path).is_relative_to(home) for path in found), (program, found)
    home.chmod(0o700)
    assert proxy_service.unreadable(str(home / "lib" / "os.py")) is not None


def test_a_program_that_cannot_be_executed_is_told_with_the_cause() -> None:
    """systemctl names the journal; the sentence has what stands there, of the service itself or of systemd about it."""
    journal = {
        f"_SYSTEMD_UNIT={proxy_service.UNIT}": "",
        f"UNIT={proxy_service.UNIT}": (
            "pullscope.service: Failed to locate executable /root/venv/bin/mitmdump: Permission denied\n"
            "pullscope.service: Failed at step EXEC spawning /root/venv/bin/mitmdump: Permission denied\n"
            "Failed to start pullscope.service - pullscope.\n"
        ),
    }

    def run(argv: Sequence[str]) -> Outcome:
        return Outcome(code=0, out=journal[argv[1]])

    assert "spawning /root/venv/bin/mitmdump: Permission denied" in proxy_service._said(run, "x")
    journal[f"_SYSTEMD_UNIT={proxy_service.UNIT}"] = "Traceback\nModuleNotFoundError: No module named 'x'\n"
    assert proxy_service._said(run, "x") == "ModuleNotFoundError: No module named 'x'"
    assert proxy_service._said(command.nowhere, "see the journal") == "see the journal"


def test_an_error_at_any_step_of_remove_leaves_only_that(tmp_path: Path) -> None:
    """The rest is undone, what is left is named, and the next `remove` finishes to the byte."""
    root = debian(tmp_path)
    before = listing(root)
    for step in itertools.count():
        proxy_service.install(Tree(root), command.nowhere, PATHS, lambda _: None)
        count = itertools.count()

        def broken(name: str, step: int = step, count: Iterator[int] = count) -> None:
            if name.startswith("before removing /etc") and next(count) == step:
                raise OSError(errno.EROFS, "Read-only file system")

        try:
            proxy_service.remove(Tree(root, fault=broken), command.nowhere, lambda _: None)
        except HostError as error:
            said = str(error)
        else:
            break
        assert said.startswith("not everything could be undone: /etc/")
        assert proxy_service.remove(Tree(root), command.nowhere, lambda _: None)
        assert listing(root) == before
    assert step == 3
    assert listing(root) == before


def test_install_twice_and_remove_leave_the_tree_as_it_was(tmp_path: Path) -> None:
    """Two plain files with a journal of their own."""
    root = debian(tmp_path)
    before = listing(root)
    for port in (9000, 9001):
        paths = ServicePaths(mitmdump="/m", addon="/a", rotation="/r", port=port)
        proxy_service.install(Tree(root), command.nowhere, paths, lambda _: None)
    assert "--listen-port 9001" in (root / "etc/systemd/system/pullscope.service").read_text()
    assert proxy_service.remove(Tree(root), command.nowhere, lambda _: None)
    assert listing(root) == before
    assert not proxy_service.remove(Tree(root), command.nowhere, lambda _: None)


@pytest.mark.parametrize("folder", proxy_service.HIDDEN)
def test_what_lies_in_a_temporary_directory_is_refused(folder: str) -> None:
    """PrivateTmp= in the unit gives the service an empty /tmp and /var/tmp, however readable ours are."""
    assert proxy_service.unreadable(f"{folder}/venv/bin/mitmdump") == folder
    assert proxy_service.unreadable("/bin/sh") is None


@pytest.mark.parametrize("again", [False, True], ids=["the first", "over another"])
def test_an_error_at_any_step_of_install_leaves_what_was_there(tmp_path: Path, again: bool) -> None:
    """Nothing shows as installed, or the service of before does: to the byte, whichever step it is that fails."""
    root = debian(tmp_path)
    if again:
        older = ServicePaths(mitmdump="/bin/false", addon="/a/a.py", rotation="/a/r.py", port=8000)
        proxy_service.install(Tree(root), command.nowhere, older, lambda _: None)
    before, was = listing(root), proxy_service.installed(Tree(root))
    failed = 0
    for step in itertools.count():
        count = itertools.count()

        def broken(name: str, step: int = step, count: Iterator[int] = count) -> None:
            if not name.startswith("after making /var") and next(count) == step:
                raise OSError(errno.ENOSPC, f"No space left {name}")

        with contextlib.suppress(HostError):
            proxy_service.install(Tree(root, fault=broken), command.nowhere, PATHS, lambda _: None)
            break
        failed += 1
        assert proxy_service.installed(Tree(root)) == was, step
        assert listing(root) == before, step
    assert failed > 6
    installed = proxy_service.installed(Tree(root))
    assert installed is not None
    assert installed[0] == PATHS.port
