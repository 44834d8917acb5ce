"""Checks on the daemon: which docker this is, whether it runs, whether it could start; and on its environment: what the
files say, what wins, what the process was started with.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from pullscope.host import daemon_json, systemd
from pullscope.host.docker_daemon import at_least
from pullscope.host.doctor.examination import Examination
from pullscope.host.routes import docker
from pullscope.oci.reference import HUB_API
from pullscope.oci.verdicts import Problem, note, warning
from pullscope.oci.whereabouts import is_this_machine


def kind_of_docker(at: Examination) -> Iterator[Problem]:
    """A docker that is not the plain daemon under systemd."""
    flavour = at.machine.flavour
    if flavour is not None:
        words = {
            "PULLSCOPE": at.program,
            "COMMAND": at.command,
            "OWN": at.command.removeprefix(at.sudo),
            "PROXY": f"http://{':'.join(map(str, at.proxy_address()))}",
        }
        fix = flavour.command
        for name, value in words.items():
            fix = fix.replace(name, value)
        yield Problem("other-docker", f"This is {flavour.name}: {flavour.instead}.", fix)


def not_running(at: Examination) -> Iterator[Problem]:
    """A unit that is there and does not run."""
    shown, unit = at.machine.shown, at.machine.layout.unit
    if at.machine.flavour is None and shown is not None and not shown.active:
        if not shown.loaded:
            fix = "sudo apt-get install docker.io" if at.machine.layout.is_docker else None
            yield Problem("no-daemon", f"systemd knows no {unit}.", fix)
        else:
            yield Problem(
                "daemon-not-running",
                f"{unit} does not run.",
                f"{at.systemctl} reset-failed {unit}; {at.systemctl} start {unit}",
            )


def conflicting_flags(at: Examination) -> Iterator[Problem]:
    """A key in daemon.json that the command line sets too: dockerd does not start (moby daemon/config/config.go)."""
    machine = at.machine
    path = machine.layout.daemon_json
    found = machine.tree.look(path)
    if not found.is_file:
        return
    try:
        settings = daemon_json.read(found.content)
    except ValueError as error:
        yield docker.unreadable(at.node, path, error, f" && {at.restart}")
        return
    for key, flag in (("insecure-registries", "insecure-registry"), ("registry-mirrors", "registry-mirror")):
        if key in settings and machine.unit.flag(flag):
            target = f"{machine.layout.unit_paths[0]}/{machine.layout.unit}"
            source = machine.unit.fragment or target
            yield Problem(
                "flag-and-file",
                f'"{key}" in {path} and --{flag} in {source}: docker does not start with both.',
                f"sed -E 's/ --{flag}[= ][^ ]+//g' {source} | {at.sudo}tee {target}.new >/dev/null && "
                f"{at.sudo}mv {target}.new {target} && {at.restart}",
                source,
            )
    misplaced = [key for key in ("http-proxy", "https-proxy", "no-proxy") if key in settings]
    if misplaced:
        yield warning(
            "proxy-at-top-level",
            f'"{misplaced[0]}" at the top level of {path} is ignored, and refused by docker 20.10.',
            docker.changed(at.node, path, f"[all.pop(key) for key in {json.dumps(misplaced)}]") + f" && {at.restart}",
            path,
        )


OTHER_NAME = "registry.test"
"""A name for this machine that Go sends to a proxy; .test is reserved (RFC 6761)."""


def _merged(at: Examination) -> dict[str, str]:
    return at.machine.unit.environment()


def _aside(at: Examination, path: str, name: str) -> str:
    """The command that takes a variable out of the way of ours."""
    quoted = shlex.quote(path)
    if path.endswith(".conf"):
        return f"{at.sudo}mv {quoted} {quoted}.disabled && {at.restart}"
    return f"{at.sudo}sed -i -E '/^(export )?{name}=/d' {quoted} && {at.restart}"


def proxy_scheme(at: Examination) -> Iterator[Problem]:
    """`https://` speaks TLS to the proxy itself, which it is not made for (docker/for-linux#415)."""
    value = _merged(at).get("HTTPS_PROXY") or _merged(at).get("https_proxy") or ""
    if not value.startswith("https://"):
        return
    name = "HTTPS_PROXY" if _merged(at).get("HTTPS_PROXY") else "https_proxy"
    path = at.machine.unit.setter(name) or at.machine.layout.drop_in
    message = f"{path} says {name}=https://…, which means TLS to the proxy; http:// is right for HTTPS too."
    fix = f"{at.sudo}sed -i -E 's|({name}=[\"'\"'\"']?)https://|\\1http://|' {shlex.quote(path)} && {at.restart}"
    yield Problem("https-proxy-url", message, fix, path)


def overridden(at: Examination) -> Iterator[Problem]:
    """Another file sets the same variable after ours."""
    ours = at.drop_in
    for plain in ("HTTPS_PROXY", "SSL_CERT_DIR"):
        name = systemd.variable(plain, at.machine.layout)
        path = at.machine.unit.setter(name)
        if name in ours and path not in {None, at.machine.layout.drop_in} and _merged(at)[name] != ours[name]:
            message = f"{path} sets {name} too, and wins over {at.machine.layout.drop_in}."
            yield Problem("overridden", message, _aside(at, str(path), name), path)


def shadowed(at: Examination) -> Iterator[Problem]:
    """`proxies` in daemon.json override the environment (moby daemon/command/daemon.go)."""
    if not at.drop_in:
        return
    path = at.machine.layout.daemon_json
    found = at.machine.tree.look(path)
    if not found.is_file:
        return
    try:
        proxies = daemon_json.proxies(daemon_json.read(found.content))
    except ValueError:
        return
    if proxies.get("https-proxy", at.drop_in["HTTPS_PROXY"]) != at.drop_in["HTTPS_PROXY"]:
        yield Problem("proxies-shadow", f'"proxies" in {path} override the drop-in.', at.again, path)


def bypassed(at: Examination) -> Iterator[Problem]:
    """NO_PROXY sends what should be seen around the proxy."""
    if not at.drop_in:
        return
    environment = _merged(at)
    value = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    options = at.machine.recorded.options
    wanted = [HUB_API, "auth.docker.io", *options.get("hosts", ())]
    words = [word.strip() for word in value.split(",") if word.strip()]
    hit = next((word for word in words for host in wanted if covers(word, host)), None)
    if hit is None:
        return
    kept = ",".join(word for word in words if not any(covers(word, host) for host in wanted))
    path = at.machine.unit.setter("NO_PROXY") or at.machine.unit.setter("no_proxy")
    message = f'NO_PROXY holds "{hit}": these pulls bypass the proxy and are not seen.'
    yield Problem("no-proxy", message, f"{at.again} --no-proxy {shlex.quote(kept)}", path)


def covers(word: str, host: str) -> bool:
    """Whether a word of NO_PROXY covers a host, by the rules of golang.org/x/net/http/httpproxy."""
    name, _, port = host.partition(":")
    if word == "*":
        return True
    rule, _, rule_port = word.partition(":")
    if rule_port and rule_port != (port or "443"):
        return False
    rule = rule.lower()
    if rule.startswith(("*.", ".")):
        return name.endswith(rule.removeprefix("*"))
    return name == rule or name.endswith(f".{rule}")


def loopback_names(at: Examination) -> Iterator[Problem]:
    """Go never sends localhost or a literal loopback address to a proxy."""
    options = at.machine.recorded.options
    asked = {key: [str(host) for host in options.get(key, ())] for key in ("hosts", "insecure")}
    loopback = next((host for host in (*asked["hosts"], *asked["insecure"]) if is_this_machine(host)), None)
    if loopback is not None:
        instead = {key: [_renamed(host) for host in hosts] for key, hosts in asked.items()}
        message = f"{at.machine.layout.name} never uses a proxy for {loopback}; pull from {_renamed(loopback)} instead."
        fix = f"echo '127.0.0.1 {OTHER_NAME}' | {at.sudo}tee -a /etc/hosts && {at.on(**instead)}"
        yield warning("loopback", message, fix)


def _renamed(host: str) -> str:
    _, colon, port = host.partition(":")
    return f"{OTHER_NAME}{colon}{port}" if is_this_machine(host) else host


def not_restarted(at: Examination) -> Iterator[Problem]:
    """The process that runs was started with something else than what the files say now."""
    machine = at.machine
    if not machine.active:
        return
    if machine.running is None:
        if not machine.layout.rootless and (at.drop_in or machine.record):
            yield note(
                "not-root",
                "Only root can read the running daemon's environment.",
                " ".join(
                    (
                        at.command,
                        "doctor" if machine.layout.is_docker else "doctor unit",
                        *map(shlex.quote, machine.words),
                    )
                ),
            )
        return
    if machine.daemon_has_ours and not at.drop_in:
        message = "The running daemon still uses the proxy that was removed on disk."
        yield Problem("restart-needed", message, at.restart)
    merged = _merged(at)
    stale = [name for name in at.drop_in if machine.running.get(name, "") != merged.get(name, "")]
    if at.drop_in and stale:
        message = (
            f"{machine.layout.name} was not restarted since {machine.layout.drop_in} changed ({', '.join(stale)})."
        )
        yield Problem("not-restarted", message, at.restart)


def rootless_loopback(at: Examination) -> Iterator[Problem]:
    """Before 29.5 a rootless daemon lives in a network of its own, where 127.0.0.1 is not this machine."""
    daemon = at.machine.daemon
    if not (at.machine.layout.rootless and at.drop_in and daemon) or at_least(daemon.version, 29, 5):
        return
    host = at.proxy_address()[0]
    if is_this_machine(host):
        message = f"A rootless docker {daemon.version} cannot reach {host} of this machine: it has its own network."
        fix = f"{at.again} --proxy-host $(hostname -I | cut -d' ' -f1)"
        yield Problem("rootless-loopback", message, fix)
