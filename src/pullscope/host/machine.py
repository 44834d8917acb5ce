"""One look at all that matters on this machine: files, systemd, daemon, journal. Plans and checks start from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pullscope.host import docker_daemon, systemd
from pullscope.host.command import Run
from pullscope.host.docker_daemon import Daemon, Flavour
from pullscope.host.journal import Recorded
from pullscope.host.journal_document import NAMES, Record
from pullscope.host.layout import Layout
from pullscope.host.systemd import Shown, UnitFiles
from pullscope.host.tree import Tree

MARK = "PULLSCOPE_DOCKER"
"""The variable in our drop-in: a process that has it was started with our drop-in in force."""
CA_MARK = "PULLSCOPE_CA"
"""The beginning of the SHA-256 of the CA that the daemon was started with. Go reads SSL_CERT_DIR once (crypto/x509, root.go)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What was found. `running` is what the daemon's process has in its environment, None where that is unreadable."""

    recorded: Recorded
    """The tree with its journal."""
    run: Run = field(repr=False)
    layout: Layout
    unit: UnitFiles
    shown: Shown | None
    running: Mapping[str, str] | None = field(repr=False)
    daemon: Daemon | None
    flavour: Flavour | None

    @property
    def tree(self) -> Tree:
        return self.recorded.tree

    @property
    def record(self) -> Record | None:
        return self.recorded.record

    @property
    def words(self) -> tuple[str, ...]:
        """The options with which a command of ours means this tree and this daemon."""
        unit = () if self.layout.is_docker else ("--unit", self.layout.unit)
        return (*unit, *self.tree.words, *(("--rootless",) if self.layout.rootless else ()))

    @property
    def names(self) -> dict[str, str]:
        """What `pullscope vanity hosts` put into /etc/hosts: in the same block and journal as ours, and kept by `on`."""
        return dict(self.recorded.options.get(NAMES, {}))

    @property
    def daemon_has_ours(self) -> bool:
        """Whether the daemon that runs now was started with our drop-in."""
        return self.running is not None and MARK in self.running

    @property
    def active(self) -> bool:
        return self.shown is not None and self.shown.active

    def original_environment(self) -> dict[str, str]:
        """What the daemon's environment is without our drop-in, from the files."""
        found = self.unit.environment(without=self.layout.drop_in)
        prefix = self.layout.prefix
        own = {name.removeprefix(prefix): value for name, value in found.items() if prefix and name.startswith(prefix)}
        return found | own


def look(tree: Tree, run: Run, layout: Layout) -> Machine:
    """Look at everything once. Raises HostError only for a journal that cannot be understood."""
    unit = systemd.read_unit(tree, layout)
    layout = replace(layout, daemon_json=unit.config_file or layout.daemon_json)
    shown = systemd.show(run, layout)
    asks = layout.is_docker and (shown is None or shown.active)
    daemon = docker_daemon.ask(run, layout) if asks else None
    return Machine(
        recorded=Recorded.read(tree, layout.state),
        run=run,
        layout=layout,
        unit=unit,
        shown=shown,
        running=systemd.running_environment(tree, shown.pid) if shown else None,
        daemon=daemon,
        flavour=docker_daemon.flavour(tree, layout, daemon, run) if layout.is_docker else None,
    )
