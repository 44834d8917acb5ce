"""Checks on the daemon itself: which docker this is, whether it runs, whether it could start."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from pullscope.host import daemon_json
from pullscope.host.doctor.examination import Examination
from pullscope.oci.verdicts import Problem, Severity

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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
        yield Problem(code="other-docker", message=f"this is {flavour.name}: {flavour.instead}", fix=fix)


def not_running(at: Examination) -> Iterator[Problem]:
    """A unit that is there and does not run."""
    shown, unit = at.machine.shown, at.machine.layout.unit
    if at.machine.flavour is None and shown is not None and not shown.active:
        if not shown.loaded:
            fix = "sudo apt-get install docker.io" if at.machine.layout.is_docker else None
            yield Problem(code="no-daemon", message=f"systemd knows no {unit}", fix=fix)
        else:
            yield Problem(
                code="daemon-not-running",
                message=f"{unit} does not run",
                fix=f"{at.systemctl} reset-failed {unit}; {at.systemctl} start {unit}",
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
        yield Problem(
            code="daemon-json-unreadable",
            message=f"{path} {error}; docker will not start with it",
            fix=_mended(at, found.content),
            where=path,
        )
        return
    for key, flag in (("insecure-registries", "insecure-registry"), ("registry-mirrors", "registry-mirror")):
        if key in settings and machine.unit.flag(flag):
            target = f"{machine.layout.unit_paths[0]}/{machine.layout.unit}"
            source = machine.unit.fragment or target
            yield Problem(
                code="flag-and-file",
                message=f'"{key}" in {path} and --{flag} in {source}: docker does not start with both',
                fix=f"sed -E 's/ --{flag}[= ][^ ]+//g' {source} | {at.sudo}tee {target}.new >/dev/null && "
                f"{at.sudo}mv {target}.new {target} && {at.restart}",
                where=source,
            )
    misplaced = [key for key in ("http-proxy", "https-proxy", "no-proxy") if key in settings]
    if misplaced:
        yield Problem(
            code="proxy-at-top-level",
            severity=Severity.WARNING,
            message=f'"{misplaced[0]}" at the top level of {path} is ignored, and refused by docker 20.10',
            fix=f'{at.sudo}python3 -c \'import json; path = "{path}"; all = json.load(open(path)); '
            f'[all.pop(key) for key in {json.dumps(misplaced)}]; json.dump(all, open(path, "w"), indent=2)\' && '
            f"{at.restart}",
            where=path,
        )


def _mended(at: Examination, content: bytes) -> str:
    """A byte order mark can be taken off; any other file is moved aside, to be fixed while docker runs."""
    path = at.machine.layout.daemon_json
    if content.startswith(BYTE_ORDER_MARK):
        with contextlib.suppress(ValueError):
            daemon_json.read(content.removeprefix(BYTE_ORDER_MARK))
            return f"{at.sudo}sed -i '1s/^\\xEF\\xBB\\xBF//' {path} && {at.restart}"
    return f"{at.sudo}mv {path} {path}.broken && {at.restart}"
