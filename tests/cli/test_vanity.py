"""The vanity commands as a person meets them: words, exit codes, and what they refuse."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pullscope.cli.vanity import app
from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.platform import Design
from pullscope.worlds.vanity.reading import read_rules
from pullscope.worlds.vanity.starters import PROJECTS, STARTERS

HOST = "docker.example.com"
IMAGE = f"{HOST}/timonback/zephykus"
ARTICLE = Path(__file__).parents[1] / "data" / "vanity" / "netlify.toml"

ASKING = [(design, platform) for design, platform in PROJECTS if design is not Design.STATIC]


def run(*words: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("command", ["try", "lint"])
def test_help_names_every_kind_of_rule_file(command: str) -> None:
    """Brackets are not markup there."""
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert "[[rewrite]]" in result.output


def test_lint_exits_3_on_errors_and_names_line_reason_and_fix(tmp_path: Path) -> None:
    """What a person reads: code and place, the reason, the fix."""
    rules = tmp_path / "_redirects"
    rules.write_text(
        "/v2/ https://registry-1.docker.io/v2 302\n/v2/org/* https://registry-1.docker.io/v2/org/:splat 302\n"
    )

    code, out, _ = run("lint", rules, "--host", HOST)

    assert code == 3
    assert " error  ping-slash-lost  _redirects:1" in out
    assert " fix    end the target with /v2/\n" in out


def test_lint_explains_a_path() -> None:
    """`--path` lists the rules that did not answer, with why."""
    _, out, _ = run("lint", ARTICLE, "--host", HOST, "--path", "/v2/timonback/zephykus/manifests/latest")

    assert "netlify.toml:1  no: /v2/ does not match" in out
    assert "netlify.toml:8  answers: 302 to" in out


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (("lint", "/nonexistent/netlify.toml", "--host", HOST), 1),
        (("lint", ARTICLE, "--host", "https://x/y"), 2),
        (("lint", ARTICLE, "--host", HOST, "--ref", "ghcr.io/org/img"), 2),
        (("try", "/nonexistent/netlify.toml", "--host", HOST), 1),
        (("try", ARTICLE), 2),
        (("try", ARTICLE, "--ref", "UPPER/Case:::"), 2),
        (("try", ARTICLE, "--ref", "alpine"), 2),
        (("try", ARTICLE, "--ref", "org/img"), 2),
        (("try", ARTICLE, "--ref", "docker.io/org/img"), 2),
        (("try", ARTICLE, "--host", HOST, "--ref", "docker.io/org/img"), 2),
        (("try", ARTICLE, "--ref", IMAGE, "--clients", "netscape"), 2),
        (("try", ARTICLE, "--ref", IMAGE, "--clients", "podman,"), 2),
        (("init", "localhost", "--namespace", "org"), 2),
        (("init", HOST, "--namespace", '"><script>'), 2),
        (("init", HOST, "--namespace", "org", "--platform", "geocities"), 2),
        (("init", HOST, "--namespace", "org", "--upstream", HOST), 2),
        (("init", HOST, "--namespace", "org", "--upstream", "https://ghcr.io"), 2),
        (("init", HOST, "--namespace", "org", "--upstream", "ghcr.io/team"), 2),
        (("init", HOST, "--namespace", "org", "--upstream", "hub"), 2),
        (("static", "/nonexistent", "--out", "/nonexistent"), 1),
        (("hosts", "add", "a b"), 2),
    ],
)
def test_bad_input_gets_one_sentence(words: tuple[str | Path, ...], ends: int) -> None:
    """No traceback, one line on stderr; 2 for a wrong word, 1 for a file or a machine that is not as it should be."""
    code, out, err = run(*words)

    assert (code, out) == (ends, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_control_codes_of_a_rule_file_do_not_reach_the_terminal(tmp_path: Path) -> None:
    """A file's text is data: an escape sequence in it is shown as a replacement character."""
    rules = tmp_path / "_redirects"
    rules.write_text("/v2/\x1b[31m* http://x.example/\x1b]0;owned\x07:splat 301\n")

    _, out, _ = run("lint", rules, "--host", HOST)

    assert "\x1b" not in out


@pytest.mark.parametrize(("design", "platform"), ASKING)
def test_init_writes_a_project_that_lint_passes(tmp_path: Path, design: Design, platform: str) -> None:
    """No error and no warning, for every platform and design that has rules."""
    words = ("--namespace", "timonback", "--platform", platform, "--design", design, "--out", tmp_path / "new")
    code, out, _ = run("init", HOST, *words)
    rules = tmp_path / "new" / PROJECTS[design, platform].rules
    linted, said, _ = run("lint", rules, "--host", HOST, "--ref", IMAGE)

    assert code == 0
    assert str(rules) in out
    assert linted == 0
    assert "no errors" in said
    assert "warning" not in said


@pytest.mark.parametrize("platform", STARTERS)
def test_no_client_fails_at_a_proxy_project(tmp_path: Path, platform: str) -> None:
    """The remedy for the clients that a redirect breaks: all of them pull, and none of another organisation's image."""
    run("init", HOST, "--namespace", "timonback", "--platform", platform, "--design", "proxy", "--out", tmp_path)
    rules = tmp_path / PROJECTS[Design.PROXY, platform].rules

    code, out, _ = run("try", rules, "--ref", IMAGE)
    strange, said, _ = run("try", rules, "--ref", f"{HOST}/library/nginx")
    assert (code, "FAILS" in out) == (0, False)
    assert (strange, "pulls  " in said) == (3, False)


def test_a_design_that_a_platform_cannot_do_is_one_sentence(tmp_path: Path) -> None:
    """With the platforms that can."""
    code, _, err = run(
        "init", HOST, "--namespace", "a", "--platform", "vercel", "--design", "static", "--out", tmp_path
    )

    assert (code, err.count("\n")) == (2, 1)
    assert "caddy, cloudflare, apache, netlify, nginx" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("design", "platform"), ASKING)
def test_what_init_says_next_can_be_pasted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, design: Design, platform: str
) -> None:
    """A shell takes its lines, of at most 79 columns, for one command, and that works, on the platform that was named."""
    monkeypatch.chdir(tmp_path)
    _, out, _ = run("init", HOST, "--namespace", "timonback", "--platform", platform, "--design", design)
    said = out.partition("Next  ")[2]
    assert all(len(line) <= 79 for line in out.splitlines())
    words = shlex.split(said.replace("\\\n", ""))
    assert words[:3] == ["pullscope", "vanity", "try"]
    assert run(*words[2:])[0] == 0
    linted = run("lint", *words[3:], "--host", HOST, "--json")[1]
    assert json.loads(linted)["platform"] == ("rewrite" if PROJECTS[design, platform].program else platform)


@pytest.mark.parametrize(("design", "platform"), PROJECTS)
def test_commands_of_a_projects_readme_work_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, design: Design, platform: str
) -> None:
    """Every `pullscope vanity` line of the README that init writes ends with 0; every file it names is there."""
    run("init", HOST, "--namespace", "timonback", "--platform", platform, "--design", design, "--out", tmp_path)
    monkeypatch.chdir(tmp_path)
    readme = (tmp_path / "README.md").read_text()

    commands = re.findall(r"^    pullscope vanity (.+)$", readme, re.MULTILINE)
    assert [words.split()[0] for words in commands] == (["static"] if design == "static" else ["lint", "try"])
    for words in commands:
        if design != "static":  # that needs a registry: tests/e2e
            assert run(*shlex.split(words))[0] == 0, words
    for name in re.findall(r"^- `([^`]+)`", readme, re.MULTILINE):
        assert (tmp_path / name).is_file(), name


def test_init_overwrites_nothing_unless_forced(tmp_path: Path) -> None:
    """One file that is there stops it before anything is written."""
    (tmp_path / "README.md").write_text("mine")
    words = ("init", HOST, "--namespace", "org", "--out", tmp_path)

    code, _, err = run(*words)
    assert code == 1
    assert "README.md exists; use --force" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md"]

    assert run(*words, "--force")[0] == 0
    assert (tmp_path / "README.md").read_text() != "mine"


def test_init_page_has_no_external_assets(tmp_path: Path) -> None:
    """The page for visitors loads nothing and names the command."""
    run("init", HOST, "--namespace", "timonback", "--out", tmp_path)
    page = (tmp_path / "public" / "index.html").read_text()

    assert "http://" not in page
    assert "https://" not in page
    assert "docker pull" in page
    assert 'lang="en"' in page


def test_hosts_are_undone_byte_for_byte(tmp_path: Path) -> None:
    """Two names go in and come out, and the file is what it was, without a newline at its end."""
    (tmp_path / "etc").mkdir()
    hosts = tmp_path / "etc" / "hosts"
    hosts.write_bytes(b"127.0.0.1 localhost\n# mine")
    before = hosts.read_bytes()

    code, out, _ = run("hosts", "add", HOST, "10.0.0.7", "--root", tmp_path)
    run("hosts", "add", "b.example.com", "--root", tmp_path)
    _, listed, _ = run("hosts", "list", "--root", tmp_path)
    run("hosts", "remove", HOST, "--root", tmp_path)
    run("hosts", "remove", "b.example.com", "--root", tmp_path)

    assert code == 0
    assert "no effect for a client that goes through a proxy" in out
    assert f"10.0.0.7         {HOST}" in listed
    assert hosts.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["etc"]


def test_hosts_keep_what_another_program_added_since(tmp_path: Path) -> None:
    """A line that came after ours stays when ours goes, also after a second change of ours."""
    (tmp_path / "etc").mkdir()
    hosts = tmp_path / "etc" / "hosts"
    hosts.write_bytes(b"127.0.0.1 localhost\n")
    run("hosts", "add", HOST, "--root", tmp_path)
    hosts.write_bytes(hosts.read_bytes() + b"10.1.1.1 theirs\n")
    run("hosts", "add", "b.example.com", "--root", tmp_path)

    run("hosts", "remove", HOST, "--root", tmp_path)
    run("hosts", "remove", "b.example.com", "--root", tmp_path)

    assert hosts.read_bytes() == b"127.0.0.1 localhost\n10.1.1.1 theirs\n"


def test_linter_and_command_agree() -> None:
    """The command prints what the library finds, no more and no less."""
    _, out, _ = run("lint", ARTICLE, "--host", HOST)

    assert [one.code for one in lint(read_rules(ARTICLE), HOST)] == [
        line.split()[1] for line in out.splitlines() if line.startswith((" error", " warning", " info"))
    ]


@pytest.mark.parametrize("script", ["vanity_domain.py", "docker_daemon.py"])
def test_a_script_prints_in_every_locale(script: str) -> None:
    """-h is known to the scripts of a checkout too, and what a locale has no sign for is replaced."""
    path = Path(__file__).parents[2] / "scripts" / script
    done = subprocess.run(
        [sys.executable, path, "-h"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "80"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"Usage: {script} [OPTIONS] COMMAND" in done.stdout.decode("ascii")


def test_the_script_without_typer_says_what_to_install(tmp_path: Path) -> None:
    """A plain python3 gets one sentence."""
    script = Path(__file__).parents[2] / "scripts" / "vanity_domain.py"
    (tmp_path / "scripts").mkdir()
    shutil.copy(script, tmp_path / "scripts")
    done = subprocess.run(
        [sys.executable, "-I", "-S", tmp_path / "scripts" / script.name, "lint", "netlify.toml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("error: typer is not installed. Run: python3 -m venv ")


def test_variables_of_a_caddyfile_are_given_by_env(tmp_path: Path) -> None:
    """Without its value the upstream is not known; with it every client pulls; a word that is no pair is refused."""
    file = tmp_path / "Caddyfile"
    file.write_text("{$HOST} {\nreverse_proxy {$UP}\n}\n")
    words = ("try", file, "--ref", f"{HOST}/org/app")

    assert "{$UP} has no value and no default" in run(*words)[1]
    assert "no verdict" not in run(*words, "--env", "UP=registry:5000")[1]
    assert run(*words, "--env", "UP")[0] == 2
