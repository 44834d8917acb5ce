"""`on` and `off` on a tree: bytes, modes and owners come back; kills at any point do no harm."""

from __future__ import annotations

import errno
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from tests.host.fake_machine import AUTHORITY, SYSTEM_CA, Killed, Systemd, debian, kill_at, listing
from tests.share import share

from pullscope.host import HostError, carry_out, change, plan, switch
from pullscope.host.requested import Wish
from pullscope.host.tree import LARGEST

CORPORATE = '[Service]\nEnvironment="HTTPS_PROXY=http://u:p@corp:3128"\n'
WISHES: dict[str, dict[str, Any]] = {
    "proxy": {},
    "insecure": {"insecure": ("docker.example.com", "registry-1.docker.io")},
    "certs.d": {"trust": "certs.d", "hosts": ("docker.example.com",)},
    "hosts": {"mode": "hosts", "hosts": ("docker.example.com", "registry.example:5000")},
    "for": {"until": "2030-01-01 00:00:00 UTC"},
}
BEFORE: dict[str, dict[str, str]] = {
    "bare": {},
    "lived-in": {
        "/etc/docker/daemon.json": '{\n\t"debug": true,\n\t"insecure-registries": ["old.lan:5000"]\n}',
        "/etc/systemd/system/docker.service.d/http-proxy.conf": CORPORATE,
        "/etc/docker/certs.d/docker.example.com/ca.crt": AUTHORITY,
    },
}


def turn_on(systemd: Systemd, told: list[str] | None = None, **wish: Any) -> None:
    found = systemd.look()
    planned = plan.plan(found, Wish(**{"authority": AUTHORITY, **wish}))
    carry_out.check_writable(found.recorded, planned.changes)
    switch.on(found, planned, (told if told is not None else []).append)


def turn_off(systemd: Systemd, *, restart: bool = True) -> list[str]:
    told: list[str] = []
    switch.off(systemd.look(), told.append)
    if restart and systemd.look().daemon_has_ours:
        switch.restart(systemd.look(), told.append)
    return told


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("wish", WISHES)
def test_off_restores_what_was_there(tmp_path: Path, before: str, wish: str) -> None:
    """After `on` and `off` every path has its bytes, mode and owner, and the daemon its environment and registries."""
    systemd = Systemd(debian(tmp_path, **BEFORE[before]))
    for path in tmp_path.rglob("daemon.json"):
        path.chmod(0o640)
    then, environment, insecure = listing(tmp_path), systemd.running, list(systemd.insecure)
    turn_on(systemd, **WISHES[wish])
    assert listing(tmp_path) != then
    turn_off(systemd)
    assert listing(tmp_path) == then
    assert systemd.running == environment
    assert systemd.insecure == insecure


def test_on_puts_the_daemon_behind_the_proxy(tmp_path: Path) -> None:
    """The daemon that runs afterwards has the proxy, the CA directory, and the NO_PROXY that it had."""
    drop_in = {"/etc/systemd/system/docker.service.d/a.conf": '[Service]\nEnvironment="NO_PROXY=.lan,50%%25"\n'}
    systemd = Systemd(debian(tmp_path, **drop_in))
    turn_on(systemd)
    assert systemd.running == {
        "HTTPS_PROXY": "http://127.0.0.1:8080",
        "HTTP_PROXY": "http://127.0.0.1:8080",
        "NO_PROXY": ".lan,50%25",
        "SSL_CERT_DIR": "/etc/ssl/certs:/var/lib/pullscope/ca",
        "PULLSCOPE_CA": change.sha256(AUTHORITY.encode())[:16],
        "PULLSCOPE_DOCKER": "proxy",
    }
    assert (tmp_path / "var/lib/pullscope").stat().st_mode & 0o777 == 0o700


def test_storage_can_be_left_out_of_the_proxy(tmp_path: Path) -> None:
    """Known storage hosts join the NO_PROXY that the daemon had, and `off` gives it back as it was."""
    drop_in = {"/etc/systemd/system/docker.service.d/a.conf": '[Service]\nEnvironment="NO_PROXY=.lan"\n'}
    systemd = Systemd(debian(tmp_path, **drop_in))
    turn_on(systemd, proxy_storage=False)
    hosts = systemd.running["NO_PROXY"].split(",")
    assert hosts[0] == ".lan"
    assert {
        "production.cloudflare.docker.com",
        "prod-eu-central-1-starport-layer-bucket.s3.eu-central-1.amazonaws.com",
        "prod-registry-k8s-io-us-east-1.s3.dualstack.us-east-1.amazonaws.com",
    } <= set(hosts)
    turn_off(systemd)
    assert systemd.running == {"NO_PROXY": ".lan"}


def test_storage_is_not_left_out_of_a_proxy_that_is_needed(tmp_path: Path) -> None:
    """A daemon that reaches the network through a proxy of its own would reach no storage."""
    drop_in = {
        "/etc/systemd/system/docker.service.d/a.conf": '[Service]\nEnvironment="HTTPS_PROXY=http://u:pw@corp:3128"\n'
    }
    systemd = Systemd(debian(tmp_path, **drop_in))
    then = listing(tmp_path)
    with pytest.raises(HostError, match="through http://corp:3128, which --no-proxy-storage would bypass"):
        turn_on(systemd, proxy_storage=False)
    assert listing(tmp_path) == then


def test_on_twice_changes_nothing_and_restarts_once(tmp_path: Path) -> None:
    """`on` is idempotent."""
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd)
    then, starts = listing(tmp_path), systemd.starts
    told: list[str] = []
    turn_on(systemd, told)
    assert listing(tmp_path) == then
    assert (systemd.starts, told) == (starts, [])


def test_another_on_replaces_the_first(tmp_path: Path) -> None:
    """A second `on` takes the first one's other changes back, and `off` still reaches the very beginning."""
    systemd = Systemd(debian(tmp_path, **BEFORE["lived-in"]))
    then = listing(tmp_path)
    for wish in WISHES.values():
        turn_on(systemd, **wish)
    turn_on(systemd, mode="hosts", hosts=("docker.example.com",))
    assert not (tmp_path / "etc/systemd/system/docker.service.d/pullscope.conf").exists()
    turn_off(systemd)
    assert listing(tmp_path) == then


def test_another_ca_needs_a_restart(tmp_path: Path) -> None:
    """A daemon reads SSL_CERT_DIR once: it is restarted for another CA, also where a kill came before the restart; in
    certs.d, which it reads each time, another CA restarts nothing.
    """
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd)
    starts = systemd.starts
    for step in itertools.count():
        found = systemd.look(fault=kill_at(step))
        try:
            switch.on(found, plan.plan(found, Wish(authority=SYSTEM_CA)), lambda _: None)
        except Killed:
            turn_on(systemd, authority=SYSTEM_CA)
            assert systemd.starts > starts
            assert systemd.running["PULLSCOPE_CA"] == change.sha256(SYSTEM_CA.encode())[:16]
            turn_on(systemd)
            starts = systemd.starts
        else:
            break
    assert step > 3
    turn_on(systemd, authority=SYSTEM_CA, trust="certs.d", hosts=("a.example",))
    starts = systemd.starts
    turn_on(systemd, trust="certs.d", hosts=("a.example",))
    assert systemd.starts == starts
    assert (tmp_path / "etc/docker/certs.d/a.example/pullscope-mitmproxy.crt").read_text() == AUTHORITY


def test_an_insecure_registry_is_applied_by_reload(tmp_path: Path) -> None:
    """Where the proxy is in force already, a further insecure registry needs no restart."""
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd)
    starts = systemd.starts
    turn_on(systemd, insecure=("docker.example.com",))
    assert (systemd.starts, systemd.insecure) == (starts, ["docker.example.com"])
    turn_on(systemd)
    assert systemd.starts == starts


def test_proxies_of_daemon_json_are_changed_in_place(tmp_path: Path) -> None:
    """daemon.json overrides every drop-in, so its `proxies` lead to us and on to what they named."""
    old = '{\n  "proxies": {"https-proxy": "http://u:secret@corp:3128", "no-proxy": ".lan"},\n  "debug": true\n}\n'
    systemd = Systemd(debian(tmp_path, **{"/etc/docker/daemon.json": old}))
    planned = plan.plan(systemd.look(), Wish(authority=AUTHORITY))
    assert (planned.upstream, planned.upstream_login) == ("http://corp:3128", True)
    turn_on(systemd)
    path = tmp_path / "etc/docker/daemon.json"
    now = json.loads(path.read_text())
    assert now["proxies"]["https-proxy"] == "http://127.0.0.1:8080"
    path.write_text(path.read_text().replace('"debug": true', '"debug": false'))
    turn_off(systemd)
    assert json.loads(path.read_text()) == {**json.loads(old), "debug": False}


def test_mode_hosts_neither_restarts_nor_reloads(tmp_path: Path) -> None:
    """Mode hosts needs no setting of the daemon."""
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd, mode="hosts", hosts=("docker.example.com",))
    assert systemd.starts == 1
    assert not [call for call in systemd.calls if "reload" in call or "restart" in call]


def test_a_declined_restart_is_seen(tmp_path: Path) -> None:
    """After `off` without a restart the machine still shows a daemon that has our environment."""
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd)
    turn_off(systemd, restart=False)
    assert systemd.look().record is None
    assert systemd.look().daemon_has_ours


def test_a_file_that_cannot_be_read_keeps_no_other_from_being_undone(tmp_path: Path) -> None:
    """What grew beyond any configuration is named, and stays in the journal."""
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd)
    with (tmp_path / "etc/systemd/system/docker.service.d/pullscope.conf").open("wb") as file:
        file.truncate(LARGEST + 1)
    undone = switch.off(systemd.look(), lambda _: None)
    assert [left.entry.path for left in undone.left if left.entry.kind != "directory"] == [
        "/etc/systemd/system/docker.service.d/pullscope.conf"
    ]
    assert not (tmp_path / "var/lib/pullscope/ca").exists()


def test_a_second_on_that_fails_leaves_the_first_on(tmp_path: Path) -> None:
    """The daemon does not come up with the new settings: it runs with those that were on."""
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd)
    then = listing(tmp_path)
    systemd.comes_up = lambda: not systemd.running["HTTPS_PROXY"].endswith(":9090")
    with pytest.raises(HostError, match="put back, and docker was restarted as it was before"):
        turn_on(systemd, proxy_port=9090)
    assert listing(tmp_path) == then
    assert systemd.look().daemon_has_ours


def test_a_daemon_that_does_not_come_up_gets_everything_back(tmp_path: Path) -> None:
    """A failed restart undoes all of `on`, and the daemon runs as before."""
    systemd = Systemd(debian(tmp_path, **BEFORE["lived-in"]))
    then = listing(tmp_path)
    systemd.comes_up = lambda: "PULLSCOPE_DOCKER" not in systemd.running
    with pytest.raises(HostError, match="put back, and docker was restarted as it was before"):
        turn_on(systemd)
    assert listing(tmp_path) == then
    assert systemd.active


@pytest.mark.parametrize(("wish", "before"), share(itertools.product(WISHES, BEFORE)))
def test_killed_at_any_step_off_restores_every_byte(tmp_path: Path, before: str, wish: str) -> None:
    """For every step of `on`, and of `off`: killed there, a later `off` brings every byte back."""
    systemd = Systemd(debian(tmp_path, **BEFORE[before]))
    then = listing(tmp_path)
    steps = 0
    for during in ("on", "off"):
        for step in itertools.count():
            if during == "off":
                turn_on(systemd, **WISHES[wish])
            found = systemd.look(fault=kill_at(step))
            try:
                if during == "on":
                    switch.on(found, plan.plan(found, Wish(authority=AUTHORITY, **WISHES[wish])), lambda _: None)
                else:
                    switch.off(found, lambda _: None)
            except Killed:
                steps += 1
            else:
                turn_off(systemd)
                break
            turn_off(systemd)
            assert listing(tmp_path) == then, f"after step {step} of {during}"
            assert "PULLSCOPE_DOCKER" not in systemd.running | systemd.loaded
            assert "docker.example.com" not in systemd.insecure
    assert steps > 12


def test_a_killed_on_can_be_done_again(tmp_path: Path) -> None:
    """After a kill at any step of `on`, the same `on` completes, and `off` restores."""
    systemd = Systemd(debian(tmp_path, **BEFORE["lived-in"]))
    then = listing(tmp_path)
    for step in itertools.count():
        found = systemd.look(fault=kill_at(step))
        try:
            switch.on(found, plan.plan(found, Wish(authority=AUTHORITY, insecure=("x.lan",))), lambda _: None)
        except Killed:
            turn_on(systemd, insecure=("x.lan",))
            assert "PULLSCOPE_DOCKER" in systemd.running
            turn_off(systemd)
            assert listing(tmp_path) == then
        else:
            break


def edit(root: Path, path: str, text: str) -> None:
    (root / path).write_text(text)


def test_a_key_that_a_user_added_stays(tmp_path: Path) -> None:
    """A new daemon.json key is kept in its place and named; ours goes."""
    systemd = Systemd(debian(tmp_path, **BEFORE["lived-in"]))
    turn_on(systemd, insecure=("docker.example.com",))
    path = tmp_path / "etc/docker/daemon.json"
    path.write_text(path.read_text().replace('"debug": true,', '"debug": true,\n\t"log-opts": {"max-size": "1m"},'))
    told = "\n".join(turn_off(systemd))
    old = BEFORE["lived-in"]["/etc/docker/daemon.json"]
    assert path.read_text() == old.replace('"debug": true,', '"debug": true,\n\t"log-opts": {"max-size": "1m"},')
    assert '/etc/docker/daemon.json  docker.example.com taken out; "log-opts", changed since, kept' in told


def test_a_list_that_a_user_changed_loses_only_our_item(tmp_path: Path) -> None:
    """Our key was changed by others: their items stay."""
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd, insecure=("docker.example.com",))
    edit(tmp_path, "etc/docker/daemon.json", '{"insecure-registries": ["docker.example.com", "new.lan"]}')
    turn_off(systemd)
    assert json.loads((tmp_path / "etc/docker/daemon.json").read_text()) == {"insecure-registries": ["new.lan"]}
    assert systemd.insecure == ["new.lan"]


def test_a_drop_in_that_a_user_edited_keeps_their_lines(tmp_path: Path) -> None:
    """Lines added to our drop-in survive in a file that is still valid; ours go."""
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd)
    path = tmp_path / "etc/systemd/system/docker.service.d/pullscope.conf"
    path.write_text(path.read_text() + 'Environment="DOCKER_RAMDISK=true"\n')
    told = "\n".join(turn_off(systemd))
    assert path.read_text() == '[Service]\nEnvironment="DOCKER_RAMDISK=true"\n'
    assert "added or changed since, kept" in told
    assert systemd.running == {"DOCKER_RAMDISK": "true"}


def test_a_file_that_a_user_replaced_is_left(tmp_path: Path) -> None:
    """A certificate replaced by another, or by a link, is theirs and is named."""
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd, trust="certs.d", hosts=("a.example", "b.example"))
    folder = tmp_path / "etc/docker/certs.d"
    edit(tmp_path, "etc/docker/certs.d/a.example/pullscope-mitmproxy.crt", "other")
    (folder / "b.example/pullscope-mitmproxy.crt").unlink()
    (folder / "b.example/pullscope-mitmproxy.crt").symlink_to("/etc/hosts")
    told = "\n".join(turn_off(systemd))
    assert (folder / "a.example/pullscope-mitmproxy.crt").read_text() == "other"
    assert (folder / "b.example/pullscope-mitmproxy.crt").is_symlink()
    assert told.count("replaced since") == 2


def test_hosts_lines_that_a_user_added_stay(tmp_path: Path) -> None:
    """Only the marked block leaves /etc/hosts."""
    systemd = Systemd(debian(tmp_path))
    turn_on(systemd, mode="hosts", hosts=("docker.example.com",))
    path = tmp_path / "etc/hosts"
    path.write_text("10.0.0.1 first\n" + path.read_text() + "10.0.0.2 last\n")
    turn_off(systemd)
    assert path.read_text() == "10.0.0.1 first\n127.0.0.1 localhost\n10.0.0.2 last\n"


@pytest.mark.parametrize(
    ("files", "wish", "sentence"),
    [
        ({"/etc/docker/daemon.json": "{,}"}, {"insecure": ("x.lan",)}, "daemon.json is not JSON"),
        ({"/etc/docker/daemon.json": "\ufeff{}"}, {"insecure": ("x.lan",)}, "byte order mark"),
        (
            {"/etc/docker/daemon.json": '{"insecure-registries":null}'},
            {"insecure": ("x.lan",)},
            "not a list of strings",
        ),
        ({"/etc/docker/daemon.json": '{"insecure-registries":[1]}'}, {"insecure": ("x.lan",)}, "not a list of strings"),
        ({"/etc/docker/daemon.json": '{"proxies":"x"}'}, {}, "not an object of strings"),
        ({"/etc/docker/daemon.json": '{"proxies":null}'}, {}, "not an object of strings"),
        ({"/etc/docker/daemon.json": '{"proxies":{"https-proxy":5}}'}, {}, "not an object of strings"),
        ({"/etc/docker/daemon.json": '{"a":' + "[" * 99999 + "]" * 99999 + "}"}, {}, "nested too deeply"),
        ({}, {"trust": "certs.d"}, "cannot cover Docker Hub on the classic image store"),
        (
            {"/etc/systemd/system/docker.service": "[Service]\nExecStart=dockerd --insecure-registry a.lan\n"},
            {"insecure": ("x.lan",)},
            "would not start",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, files: dict[str, str], wish: dict[str, Any], sentence: str
) -> None:
    """An existing configuration is never guessed at, and nothing is changed."""
    systemd = Systemd(debian(tmp_path))
    for path, text in files.items():
        place = tmp_path / path.lstrip("/")
        place.write_text(text, encoding="utf-8")
    then = listing(tmp_path)
    with pytest.raises(HostError, match=sentence) as error:
        turn_on(systemd, **wish)
    assert "Nothing changed" in str(error.value)
    assert listing(tmp_path) == then


def test_a_linked_daemon_json_is_refused(tmp_path: Path) -> None:
    """A symbolic link belongs to the owner of its target."""
    systemd = Systemd(debian(tmp_path))
    (tmp_path / "etc/real.json").write_text("{}")
    (tmp_path / "etc/docker/daemon.json").symlink_to("../real.json")
    then = listing(tmp_path)
    with pytest.raises(HostError, match="symbolic link"):
        turn_on(systemd, insecure=("x.lan",))
    assert listing(tmp_path) == then


@pytest.mark.parametrize("wish", WISHES)
def test_a_full_disk_at_any_step_puts_everything_back(tmp_path: Path, wish: str) -> None:
    """An error in the middle of `on` is one sentence, and the tree is as it was."""
    systemd = Systemd(debian(tmp_path, **BEFORE["lived-in"]))
    then = listing(tmp_path)
    for step in itertools.count():
        count = itertools.count()

        def full(name: str, step: int = step, count: Any = count) -> None:
            if name.startswith(("before writing", "before renaming", "before making")) and next(count) == step:
                raise OSError(errno.ENOSPC, "No space left on device")

        found = systemd.look(fault=full)
        said = ""
        try:
            switch.on(found, plan.plan(found, Wish(authority=AUTHORITY, **WISHES[wish])), lambda _: None)
        except HostError as error:
            said = str(error)
        if not said:
            break
        assert "No space left on device" in said
        assert listing(tmp_path) == then, f"step {step}: {said}"
    assert step > 5


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("wish", WISHES)
def test_an_error_at_any_step_of_off_leaves_only_that_undone(tmp_path: Path, before: str, wish: str) -> None:
    """For every write and removal of `off`: all else is undone, what is left is named and kept in the journal, and the next
    `off` finishes to the byte.
    """
    systemd = Systemd(debian(tmp_path, **BEFORE[before]))
    then = listing(tmp_path)
    for step in itertools.count():
        turn_on(systemd, **WISHES[wish])
        count = itertools.count()
        hit: list[str] = []

        def broken(name: str, step: int = step, count: Any = count, hit: list[str] = hit) -> None:
            if name.startswith(("before writing", "before renaming", "before removing")) and next(count) == step:
                hit.append(name)
                raise OSError(errno.EIO, "Input/output error")

        undone = switch.off(systemd.look(fault=broken), lambda _: None)
        if not hit:
            break
        path = hit[0].rpartition(" ")[2]
        of_journal = path.startswith("/var/lib/pullscope") and "/ca" not in path
        # The interim daemon.json of the reload may fail: the file itself is restored after it.
        if undone.left:
            assert "Input/output error" in undone.words
            assert path in undone.words
            assert (tmp_path / "var/lib/pullscope/journal.json").exists() or of_journal
        left = {item.entry.path.lstrip("/") for item in undone.left} | {"var/lib/pullscope"}
        changed = {name for name, value in listing(tmp_path).items() if then.get(name) != value}
        assert all(any(name.startswith(one) for one in left) for name in changed), f"{hit}: {changed}"
        again = switch.off(systemd.look(), lambda _: None)
        assert again.left == ()
        turn_off(systemd)
        assert listing(tmp_path) == then, hit
    assert step > 3


def test_off_of_another_version_reads_the_journal(tmp_path: Path) -> None:
    """The package may be upgraded in between: another version's name and options that are not known here do no harm."""
    systemd = Systemd(debian(tmp_path, **BEFORE["lived-in"]))
    then = listing(tmp_path)
    turn_on(systemd, insecure=("x.lan",))
    path = tmp_path / "var/lib/pullscope/journal.json"
    document = json.loads(path.read_text())
    document["version"] = "99.0"
    document["options"]["colour"] = "blue"
    path.write_text(json.dumps(document))
    turn_off(systemd)
    assert listing(tmp_path) == then
