"""`pullscope docker …` on a tree: what is printed, exit codes, and that nothing is left."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from tests.host.fake_machine import AUTHORITY
from typer.testing import CliRunner, Result

from pullscope.cli import vanity_hosts
from pullscope.cli.docker import app
from pullscope.host import HostError
from pullscope.host.tree import Snapshot, Tree

UNIT = "[Service]\nExecStart=/usr/sbin/dockerd -H fd://\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with a docker unit, and a confdir whose CA is there already."""
    tree = tmp_path / "tree"
    for path, text in {
        "lib/systemd/system/docker.service": UNIT,
        "etc/docker/daemon.json": '{\n  "debug": true\n}\n',
        "etc/systemd/system/.keep": "",
        "var/lib/.keep": "",
    }.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    confdir = tmp_path / "confdir"
    confdir.mkdir()
    (confdir / "mitmproxy-ca-cert.pem").write_text(AUTHORITY)
    return tree


def call(root: Path, *words: str) -> Result:
    confdir = ["--confdir", str(root.parent / "confdir")] if words[0] in {"on", "doctor"} else []
    return CliRunner().invoke(app, [*words, "--root", str(root), *confdir])


def everything(root: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


def test_on_says_what_it_wrote_and_how_to_undo_it(root: Path) -> None:
    """Each file on a line with its absolute path, the proxy's command line, and the way back."""
    done = call(root, "on", "--insecure-registry", "docker.example.com")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert "  /etc/systemd/system/docker.service.d/pullscope.conf  written" in lines
    assert "  /etc/docker/daemon.json  written" in lines
    assert any(line.startswith("proxy /") and "--listen-port 8080" in line for line in lines)
    assert lines[-1].startswith("undo  ")


def test_every_command_that_is_printed_means_the_same_tree(root: Path) -> None:
    """--root DIR is in the undo, in what the timer runs, in status' and in doctor's fixes; off --rootless likewise."""
    done = call(root, "on", "--for", "30m", "--trust", "env")
    assert f" off --root {root} (by itself at " in done.output.splitlines()[-1]
    service = (root / "etc/systemd/system/pullscope-off.service").read_text()
    assert f" off --root {root} --yes\n" in service
    (root / "etc/systemd/system/docker.service.d/pullscope.conf").unlink()
    for word in ("status", "doctor"):
        fixes = [problem["fix"] for problem in json.loads(call(root, word, "--json").output)["problems"]]
        assert all(f"--root {root}" in fix for fix in fixes if " on --yes" in fix)
        assert any(" on --yes" in fix for fix in fixes) or word == "doctor"
    call(root, "off")
    own = root / "root/.config/systemd/user"
    own.mkdir(parents=True)
    (own / "docker.service").write_text(UNIT)
    (root / "root/.local/state").mkdir(parents=True)
    done = CliRunner().invoke(
        app,
        ["on", "--rootless", "--root", str(root), "--confdir", str(root.parent / "confdir")],
        env={"HOME": "/root", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "", "SUDO_UID": ""},
    )
    assert done.output.splitlines()[-1].endswith(f" off --root {root} --rootless"), done.output


def test_off_leaves_the_tree_as_it_was(root: Path) -> None:
    """on, off, and off again: every byte is back, and twice is not a fault."""
    before = everything(root)
    call(root, "on", "--insecure-registry", "docker.example.com")
    done = call(root, "off")
    assert (done.exit_code, everything(root) == before) == (0, True), done.output
    assert "/etc/docker/daemon.json  restored" in done.output
    again = call(root, "off")
    assert (again.exit_code, again.output) == (0, "off   Nothing was on.\n")


def test_dry_run_prints_diffs_and_commands_and_changes_nothing(root: Path) -> None:
    """A unified diff of each file and each command; no byte is different after it."""
    before = everything(root)
    done = call(root, "on", "--insecure-registry", "x.lan", "--for", "30m", "--dry-run")
    assert done.exit_code == 0, done.output
    assert '+  "insecure-registries": ["x.lan"]' in done.output
    assert '+Environment="HTTPS_PROXY=http://127.0.0.1:8080"' in done.output
    assert "run: systemctl daemon-reload\n" in done.output
    assert everything(root) == before
    call(root, "on")
    before = everything(root)
    assert "-Environment=" in call(root, "off", "--dry-run").output
    assert everything(root) == before


def test_a_dry_run_makes_no_ca(root: Path) -> None:
    """Where there is none yet, the diff says that one will be made."""
    confdir = root.parent / "new"
    done = CliRunner().invoke(app, ["on", "--dry-run", "--root", str(root), "--confdir", str(confdir)])
    assert f"+# the CA that will be made in {confdir}" in done.output
    assert not confdir.exists()


def test_status_speaks_json(root: Path) -> None:
    """The fixed keys of every verdict, and the state in a word."""
    assert json.loads(call(root, "status", "--json").output)["state"] == "off"
    call(root, "on")
    document = json.loads(call(root, "status", "--json").output)
    assert {key: document[key] for key in ("schema_version", "command", "verdict", "state", "mode")} == {
        "schema_version": 1,
        "command": "docker status",
        "verdict": "ok",
        "state": "on",
        "mode": "proxy",
    }
    assert document["on_disk"]["HTTPS_PROXY"] == "http://127.0.0.1:8080"


def test_status_names_drift(root: Path) -> None:
    """A change by others since is a warning with its path."""
    call(root, "on")
    (root / "etc/systemd/system/docker.service.d/pullscope.conf").write_text("[Service]\n")
    document = json.loads(call(root, "status", "--json").output)
    assert [problem["code"] for problem in document["problems"]] == ["changed-since"]


@pytest.mark.parametrize(("option", "words"), [("--mode", "'proxy', 'hosts'"), ("--trust", "'env', 'certs.d'")])
def test_a_word_that_is_no_choice_is_a_usage_error(root: Path, option: str, words: str) -> None:
    """Exit 2, and the words that there are; nothing changed."""
    before = everything(root)
    done = call(root, "on", option, "magic")
    assert done.exit_code == 2
    assert words in " ".join(done.output.replace("│", "").split())
    assert everything(root) == before


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("on", "--mode", "hosts"), 2, "mode hosts needs --host HOST"),
        (("on", "--host", "a b"), 2, "is not a host"),
        (("on", "--for", "soon"), 2, "is not a time span"),
        (("on", "--for", "999999999999d"), 2, "is not a time span"),
        (("on", "--for", "400d"), 2, "is longer than 366 days"),
        (("on", "--host", "x" * 300), 2, "a name has at most 253 characters"),
        (("on", "--insecure-registry", "x" * 300), 2, "a name has at most 253 characters"),
        (("on", "--trust", "certs.d", "--host", "x" * 300), 2, "a name has at most 253 characters"),
        (("on", "--mode", "hosts", "--host", "[::1]:5"), 2, "is an address"),
        (("on", "--mode", "hosts", "--host", "a.example", "--proxy-host", "a b"), 2, "is not an address"),
        (("on", "--proxy-host", "a b"), 2, "is not a host"),
        (("on", "--trust", "certs.d"), 1, "cannot cover Docker Hub on the classic image store"),
    ],
)
def test_what_cannot_be_is_one_sentence(root: Path, words: tuple[str, ...], code: int, sentence: str) -> None:
    """Usage is 2, a refusal is 1; one sentence, no traceback, nothing changed."""
    before = everything(root)
    done = call(root, *words)
    assert done.exit_code == code
    assert sentence in done.output
    assert done.output.startswith("error: ")
    assert done.output.count("\n") == 1
    assert everything(root) == before


SECRET = "root:$y$j9T$not-for-everybody:19000:0:99999:7:::"
KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
KEY_AND_CERTIFICATE = KEY + AUTHORITY


def _replace_ca(root: Path, kind: str) -> None:
    """Put something else into the confdir in the CA certificate's place."""
    confdir, aside = root.parent / "confdir", root.parent / "aside"
    aside.mkdir()
    (aside / "shadow").write_text(SECRET)
    (aside / "mitmproxy-ca-cert.pem").write_text(AUTHORITY)
    place = confdir / "mitmproxy-ca-cert.pem"
    place.unlink()
    match kind:
        case "link to shadow":
            place.symlink_to(aside / "shadow")
        case "link to a CA":
            place.symlink_to(aside / "mitmproxy-ca-cert.pem")
        case "folder link":
            confdir.rmdir()
            confdir.symlink_to(aside)
        case "fifo":
            os.mkfifo(place)
        case "device":
            place.symlink_to("/dev/zero")
        case "directory":
            place.mkdir()
        case "huge":
            place.write_text(AUTHORITY + " " * 10_000_000)
        case _:
            place.write_text({"empty": "", "secret": SECRET, "key": KEY, "both": KEY_AND_CERTIFICATE}[kind])


CA_KINDS = ("link to shadow", "link to a CA", "folder link", "fifo", "device", "directory", "huge")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a directory to another user")
@pytest.mark.parametrize("kind", [*CA_KINDS, "empty", "secret", "key", "both"])
@pytest.mark.parametrize("words", [(), ("--dry-run",), ("--trust", "certs.d", "--host", "h.example")], ids=str)
def test_what_a_user_puts_in_the_cas_place_is_never_copied(root: Path, kind: str, words: tuple[str, ...]) -> None:
    """One sentence that names the file; nothing of it in the tree or on the screen, and nothing hangs."""
    before = everything(root)
    (root.parent / "home").mkdir()
    _replace_ca(root, kind)
    home = root.parent / "home"
    (root.parent / "confdir").rename(home / "confdir")
    os.chown(home, 65534, 65534)
    (root.parent / "confdir").symlink_to(home / "confdir")  # root's own link, which is followed
    done = call(root, "on", *words)
    assert done.exit_code == 1, done.output
    assert done.output.startswith("error: ")
    assert done.output.count("\n") == 1
    assert "mitmproxy-ca-cert.pem" in done.output
    assert SECRET not in done.output
    assert everything(root) == before


def test_doctor_names_what_lies_in_the_cas_place(root: Path) -> None:
    """A problem with a fix, not an end of the examination; nothing of the file is shown."""
    call(root, "on")
    (root.parent / "confdir" / "mitmproxy-ca-cert.pem").write_text(KEY_AND_CERTIFICATE)
    done = call(root, "doctor")
    assert done.exit_code == 3
    assert "holds a private key" in done.output
    assert SECRET not in done.output


DAEMON_JSON = {
    "deep": '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "keys": json.dumps({f"k{number}": 1 for number in range(10_000)}),
    "null for a list": '{"insecure-registries": null}',
    "a list of lists": '{"insecure-registries": [[], {}, null, 1]}',
    "an object for a list": '{"insecure-registries": {"a": 1}}',
    "a string for proxies": '{"proxies": "x"}',
    "null for proxies": '{"proxies": null}',
    "numbers in proxies": '{"proxies": {"https-proxy": 5, "no-proxy": []}}',
    "a number of 5,000 digits": '{"max-concurrent-downloads": ' + "9" * 5000 + "}",
    "a list": "[]",
    "a lone surrogate": '{"\\ud800": "\\udfff", "insecure-registries": ["\\ud800"], "proxies": {"\\ud800": "\\ud800"}}',
    "no URL": '{"proxies": {"https-proxy": "http://[x"}}',
    "a port that is none": '{"proxies": {"https-proxy": "http://x:99999"}}',
    "escape codes": '{"proxies": {"https-proxy": "http://\\u001b[2J"}, "insecure-registries": ["\\u001b[2J"]}',
    "NaN": '{"a": NaN}',
    "empty": "",
    "bytes": "\0\1\2",
}


@pytest.mark.parametrize("kind", DAEMON_JSON)
def test_any_daemon_json_is_worked_with_or_refused_in_one_sentence(root: Path, kind: str) -> None:
    """`on` goes through, and `off` restores it, or it is refused with nothing changed; status and doctor read it in any case."""
    (root / "etc/docker/daemon.json").write_text(DAEMON_JSON[kind])
    before = everything(root)
    for words in ((), ("--insecure-registry", "x.example"), ("--dry-run", "--insecure-registry", "x.example")):
        done = call(root, "on", *words)
        assert done.exit_code in {0, 1}, done.output
        assert "\x1b" not in done.output
        if done.exit_code:
            assert done.output.startswith(
                ("error: /etc/docker/daemon.json ", "error: the proxy that docker has now is not")
            )
            assert done.output.count("\n") == 1
            assert everything(root) == before
        for word in ("status", "doctor"):
            assert call(root, word).exit_code in {0, 3}
        off = call(root, "off")
        assert off.exit_code == 0, off.output
        assert everything(root) == before


@pytest.mark.parametrize("kind", DAEMON_JSON)
def test_off_leaves_any_daemon_json_that_a_user_put_there_since(root: Path, kind: str) -> None:
    """What cannot be told apart from their work stays, and is named; all the rest is undone."""
    place = root / "etc/docker/daemon.json"
    before = everything(root)
    assert call(root, "on", "--insecure-registry", "x.example").exit_code == 0
    place.write_text(DAEMON_JSON[kind])
    assert call(root, "status").exit_code == 0
    done = call(root, "off")
    assert done.exit_code == 0, done.output
    assert "/etc/docker/daemon.json  " in done.output
    assert {path: content for path, content in everything(root).items() if path != str(place)} == {
        path: content for path, content in before.items() if path != str(place)
    }
    assert place.read_text() == DAEMON_JSON[kind]


@pytest.mark.parametrize("content", ["[" * 9999, '{"schema": 1, "entries": "x"}', '{"schema": 1, "options": "x"}', ""])
@pytest.mark.parametrize("word", ["on", "off", "status", "doctor"])
def test_a_journal_of_another_kind_is_one_sentence(root: Path, content: str, word: str) -> None:
    """What cannot be understood is never half undone; the way by hand is named."""
    (root / "var/lib/pullscope").mkdir()
    (root / "var/lib/pullscope/journal.json").write_text(content)
    before = everything(root)
    done = call(root, word)
    assert done.exit_code == 1
    assert done.output.startswith("error: /var/lib/pullscope/journal.json ")
    assert "docs/host-changes.md" in done.output
    assert done.output.count("\n") == 1
    assert everything(root) == before


def test_off_says_what_it_could_not_undo(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All the rest is undone; exit 1, and the same command again when the cause is gone."""
    before = everything(root)
    call(root, "on", "--insecure-registry", "docker.example.com")
    write = Tree.write

    def broken(self: Tree, path: str, wanted: Snapshot) -> None:
        if path == "/etc/docker/daemon.json":
            raise HostError(f"cannot write {path}: Read-only file system")
        write(self, path, wanted)

    with monkeypatch.context() as patched:
        patched.setattr(Tree, "write", broken)
        done = call(root, "off")
    assert done.exit_code == 1
    assert "not everything could be undone: cannot write /etc/docker/daemon.json: Read-only file" in done.output
    assert not (root / "etc/systemd/system/docker.service.d").exists()
    assert call(root, "off").exit_code == 0
    assert everything(root) == before


def test_a_broken_daemon_json_is_one_sentence(root: Path) -> None:
    """An existing configuration is never guessed at."""
    (root / "etc/docker/daemon.json").write_text("{nonsense")
    done = call(root, "on", "--insecure-registry", "x.lan")
    assert done.exit_code == 1
    assert "/etc/docker/daemon.json is not JSON" in done.output
    assert not (root / "var/lib/pullscope").exists()


def test_doctor_ends_with_3_where_something_is_wrong(root: Path) -> None:
    """One line a problem, its fix under it, a verdict line last."""
    call(root, "on", "--port", "9")
    done = call(root, "doctor")
    assert done.exit_code == 3
    assert "Nothing listens on 127.0.0.1:9" in done.output
    assert done.output.splitlines()[-1].endswith(("problem", "problems"))


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_without_root_the_command_that_would_do_is_named() -> None:
    """Refused before anything is looked at, with the command to paste."""
    script = Path(__file__).parents[2] / "scripts" / "docker_daemon.py"
    pid = os.fork()
    if pid == 0:  # pragma: no cover  # the child
        os.setuid(65534)
        sys.argv = [str(script), "on"]
        done = CliRunner().invoke(app, ["on", "--confdir", "/nonexistent"], env={"HOME": "/nonexistent"})
        good = done.exit_code == 1 and f"sudo {sys.executable} {script} on" in done.output
        os._exit(0 if good else 1)
    assert os.waitpid(pid, 0)[1] == 0


def names(root: Path, *words: str) -> Result:
    return CliRunner().invoke(vanity_hosts.app, [*words, "--root", str(root)])


@pytest.mark.parametrize("mode", [(), ("--mode", "hosts", "--host", "docker.example.com")], ids=["proxy", "hosts"])
@pytest.mark.parametrize("last", ["off", "remove"])
def test_names_in_the_hosts_file_and_docker_on_live_side_by_side(root: Path, mode: tuple[str, ...], last: str) -> None:
    """`vanity hosts add` before and after `docker on`: both stay in force, each can go alone, and every byte comes back."""
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    before = everything(root)
    assert names(root, "add", "a.example.com", "10.0.0.1").exit_code == 0
    assert call(root, "on", *mode).exit_code == 0
    assert names(root, "add", "b.example.com", "10.0.0.2").exit_code == 0
    assert call(root, "on", *mode).exit_code == 0
    said = (root / "etc/hosts").read_text()
    assert "10.0.0.1 a.example.com" in said
    assert "10.0.0.2 b.example.com" in said
    assert ("127.0.0.1 docker.example.com" in said) is bool(mode)
    assert json.loads(call(root, "status", "--json").output)["problems"] == []
    assert names(root, "remove", "docker.example.com").exit_code == 1
    if last == "remove":
        names(root, "remove", "a.example.com")
        names(root, "remove", "b.example.com")
        assert ("docker.example.com" in (root / "etc/hosts").read_text()) is bool(mode)
        assert json.loads(call(root, "status", "--json").output)["state"] == "on"
    call(root, "off")
    assert everything(root) == before


def test_names_alone_are_no_setting_of_docker(root: Path) -> None:
    """With only names added, status says so, and doctor misses no proxy."""
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    names(root, "add", "a.example.com")
    document = json.loads(call(root, "status", "--json").output)
    assert (document["mode"], document["hosts"]) == ("names", {"a.example.com": "127.0.0.1"})
    codes = [problem["code"] for problem in json.loads(call(root, "doctor", "--json").output)["problems"]]
    assert "proxy-not-listening" not in codes


def test_the_login_of_a_proxy_stays_out_of_sight(root: Path) -> None:
    """The daemon's own proxy is named without its login, in what is printed, in status and in the journal."""
    folder = root / "etc/systemd/system/docker.service.d"
    folder.mkdir()
    (folder / "corp.conf").write_text('[Service]\nEnvironment="HTTPS_PROXY=http://ann:s3cret@corp:3128"\n')
    said = call(root, "on", "--dry-run").output + call(root, "on").output + call(root, "status", "--json").output
    assert "--mode upstream:http://corp:3128" in said
    assert "wants a login: put `upstream_auth: USER:PASSWORD`" in said
    assert "s3cret" not in said + call(root, "doctor").output
    assert "s3cret" not in (root / "var/lib/pullscope/journal.json").read_text()
