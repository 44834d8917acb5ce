"""What is checked of the options of a proxy before it starts: `--vanity HOST=FILE` as root, `--set`, and any other word."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pullscope.cli.exits import Complaint
from pullscope.cli.main import app
from pullscope.cli.proxy_words import check_settings, words_for
from pullscope.host import HostError
from pullscope.mitm.run import option_names
from pullscope.oci.verdicts import ExitCode

RULES = '[[redirects]]\nfrom = "/*"\nto = "https://registry-1.docker.io/:splat"\nstatus = 302\n'


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a directory to another user")
@pytest.mark.parametrize("kind", ["link", "fifo", "device", "directory"])
def test_root_reads_a_rule_file_and_nothing_that_it_leads_to(tmp_path: Path, kind: str) -> None:
    """In a directory of an ordinary user: one sentence, which shows nothing of the target."""
    (tmp_path / "shadow").write_text("root:$y$secret\n")
    place = tmp_path / "home"
    place.mkdir()
    os.chown(place, 65534, 65534)
    file = place / "netlify.toml"
    match kind:
        case "link":
            file.symlink_to(tmp_path / "shadow")
        case "fifo":
            os.mkfifo(file)
        case "device":
            file.symlink_to("/dev/zero")
        case "directory":
            file.mkdir()
    with pytest.raises(HostError, match=r"netlify\.toml") as error:
        words_for([f"docker.example.com={file}"])
    assert "secret" not in str(error.value)


def test_a_rule_file_becomes_words_for_mitmdump(tmp_path: Path) -> None:
    """The answering addon and one setting a pair."""
    (tmp_path / "netlify.toml").write_text(RULES)
    words = words_for([f"docker.example.com={tmp_path / 'netlify.toml'}"])
    assert words[-1] == f"pullscope_vanity=docker.example.com={tmp_path / 'netlify.toml'}"


def test_an_option_that_there_is_not_is_named_before_anything_starts(tmp_path: Path) -> None:
    """mitmproxy keeps it in silence, since a script may declare it; so one of a script is passed on."""
    known = option_names()
    assert {"stream_large_bodies", "dumper_filter", "pullscope_out", "pullscope_mirror", "pullscope_resolve"} <= known
    with pytest.raises(Complaint, match=r"no mitmproxy option 'listen_prot'\. Did you mean listen_port\?") as wrong:
        check_settings(["anticache", "listen_prot=1"], [])
    assert wrong.value.code == ExitCode.USAGE
    with pytest.raises(Complaint, match="`mitmdump --options` lists them"):
        check_settings(["nope=1"], [])
    check_settings(["nope=1"], [tmp_path / "script.py"])


@pytest.mark.parametrize("value", ["nonsense", "127.0.0.1:8080", "https://127.0.0.1:8080", "http://127.0.0.1"])
@pytest.mark.parametrize("command", ["env", "docker sandbox"])
def test_a_proxy_that_is_no_address_starts_nothing(command: str, value: str) -> None:
    """It is asked for in the form of an example: no shell and no daemon gets it."""
    ended = CliRunner().invoke(app, [*command.split(), "--proxy", value])
    assert ended.exit_code == ExitCode.USAGE
    assert f"'{value}' is not an address" in ended.output
    assert "export" not in ended.output


def test_a_script_that_is_not_there_is_named() -> None:
    """Nothing is said of who may change it."""
    ended = CliRunner().invoke(app, ["trace", "--addon", "absent.py"])
    assert ended.exit_code == ExitCode.FAILED
    assert ended.stderr == "error: --addon absent.py: there is no such file.\n"


@pytest.mark.parametrize("command", ["run", "docker sandbox", "docker trace", "trace", "demo", "mirror on"])
def test_a_word_that_is_no_option_starts_nothing(command: str) -> None:
    """One sentence that names it, and 2."""
    ended = CliRunner().invoke(app, [*command.split(), "--nope", "--", "true"])
    assert ended.exit_code == ExitCode.USAGE
    assert "No such option: --nope" in ended.output
