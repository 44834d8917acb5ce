"""What every check is given: the machine, how to call us again, the CA and the proxy that should be in force."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pullscope.host import HostError, registry_host, systemd
from pullscope.host.listener import command_of, listens
from pullscope.host.machine import MARK, Machine
from pullscope.host.proxy_service import CONFDIR
from pullscope.host.routes.route import Node
from pullscope.host.trust import authority as read_authority


@dataclass(frozen=True, kw_only=True, slots=True)
class Examination:
    """`command` starts us again (`sudo /path/pullscope docker`); `authority`: the confdir's CA, None where none is."""

    machine: Machine
    command: str
    confdir: str
    authority: str | None = field(default=None, repr=False)
    authority_trouble: str = ""
    """Why the confdir's CA cannot be used, as a sentence; empty where it can, or where there is none."""
    proxy_command: str = "mitmdump"
    program: str = "pullscope"
    """What starts `pullscope` itself, for the commands that are not docker's."""
    sudo: str = "sudo "
    """What stands before commands that need root; empty where the caller is root or the daemon is his own."""
    listens: Callable[[str, int], bool] = listens
    command_of: Callable[[int], list[str] | None] = command_of
    authority_in: Callable[[Path], str | None] = read_authority

    @property
    def node(self) -> Node:
        """The machine as a fix sees it."""
        return Node(tree=self.machine.tree, run=self.machine.run, sudo=self.sudo)

    @property
    def systemctl(self) -> str:
        return self.sudo + " ".join(self.machine.layout.systemctl)

    @property
    def restart(self) -> str:
        """The words that make a changed unit file count."""
        unit = self.machine.layout.unit
        # Docker's own unit allows three starts a minute (StartLimitBurst=3); one that failed has used them up.
        reset = f"{self.systemctl} daemon-reload && {self.systemctl} reset-failed {unit}"
        return f"{reset} && {self.systemctl} restart {unit}"

    @property
    def drop_in(self) -> dict[str, str]:
        """What our drop-in sets; empty where there is none."""
        found = systemd.environment(self.machine.tree.text(self.machine.layout.drop_in) or "")
        return found if MARK in found else {}

    @property
    def mode(self) -> str | None:
        return self.machine.recorded.options.get("mode") or ("proxy" if self.drop_in else None)

    @property
    def again(self) -> str:
        """The `on` that was asked for, to be said once more."""
        return self.on()

    def on(self, **others: Any) -> str:
        """The `on` that was asked for, with `others` of its options."""
        options = self.machine.recorded.options | others
        words = [self.command, "on", "--yes", *map(shlex.quote, self.machine.words)]
        if options.get("mode") == "hosts":
            words += ["--mode", "hosts"]
        if options.get("proxy_port", 8080) != 8080:
            words += ["--port", str(options["proxy_port"])]
        if options.get("trust") == "certs.d":
            words += ["--trust", "certs.d"]
        words += [word for host in options.get("hosts", ()) for word in ("--host", host)]
        words += [word for host in options.get("insecure", ()) for word in ("--insecure-registry", host)]
        confdir = str(others.get("confdir") or self.confdir)
        if confdir:
            words += ["--confdir", shlex.quote(confdir)]
        return " ".join(words)

    def signing(self) -> tuple[str, str] | None:
        """The confdir whose CA the answers are signed with, and its certificate; None where that cannot be told.

        Our service has a confdir of its own. Any other that a listening process names is not believed: another user may run it.
        """
        running = self.command_of(self.proxy_address()[1]) or []
        if f"confdir={CONFDIR}" not in running or self.confdir == CONFDIR:
            return None if self.authority is None else (self.confdir, self.authority)
        try:
            certificate = self.authority_in(Path(CONFDIR))
        except HostError:
            return None
        return None if certificate is None else (CONFDIR, certificate)

    def proxy_address(self) -> tuple[str, int]:
        """Where the proxy should listen."""
        options = self.machine.recorded.options
        host = str(options.get("proxy_host", "127.0.0.1"))
        if options.get("mode") == "hosts":
            ports = [port for _, port in map(registry_host.parts, options.get("hosts", ())) if port]
            return host, ports[0] if ports else 443
        value = self.drop_in.get("HTTPS_PROXY", "").rpartition("://")[2].rstrip("/")
        name, _, port = value.rpartition(":")
        if name and port.isdigit():
            return name, int(port)
        return host, int(options.get("proxy_port", 8080))
