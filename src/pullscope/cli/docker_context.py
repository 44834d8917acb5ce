"""What the commands about this machine share: which tree, which daemon, whose CA, and how they are called again.

Turns words of the command line into values of the host room; what that room raises is said by `exits.speaking`.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pullscope.cli.exits import say, show, tell
from pullscope.host import HostError, command, layout, machine, trust, untrusted_file
from pullscope.host.command import Invoker, beside_python, invoker, this_command
from pullscope.host.layout import Layout
from pullscope.host.machine import Machine
from pullscope.host.plan_words import Program
from pullscope.host.proxy_child import silence
from pullscope.host.tree import Tree
from pullscope.mitm import addon_path
from pullscope.oci.verdicts import Problem
from pullscope.render.layout import screen_width
from pullscope.render.matrix import problem_lines


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Where a command works, and for whom."""

    tree: Tree
    layout: Layout
    invoker: Invoker
    confdir: Path
    confdir_named: bool = False
    """Whether the caller named the confdir."""

    def look(self) -> Machine:
        run = command.run if self.tree.live else command.nowhere
        return machine.look(self.tree, run, self.layout)

    @property
    def sudo(self) -> str:
        """`sudo ` where the user who pastes a command needs it."""
        return "" if self.layout.rootless or (os.geteuid() == 0 and self.invoker.uid == 0) else "sudo "

    @property
    def words(self) -> tuple[str, ...]:
        """What starts `pullscope docker` again; for another unit, `pullscope` itself."""
        words = this_command()
        if not self.layout.is_docker:
            return words
        return words if words[-1].endswith("docker_daemon.py") else (*words, "docker")

    @property
    def again(self) -> str:
        return self.sudo + shlex.join(self.words)

    @property
    def off_words(self) -> tuple[str, ...]:
        """What starts `off` for this tree and this daemon."""
        unit = () if self.layout.is_docker else ("--unit", self.layout.unit)
        rootless = ("--rootless",) if self.layout.rootless else ()
        return (*self.words, "off", *unit, *self.tree.words, *rootless)

    @property
    def off(self) -> str:
        """The same as a line for a shell."""
        return self.sudo + shlex.join(self.off_words)

    def of_record(self, found: Machine) -> Surroundings:
        """The same with the confdir that `on` was given, where the caller names none: its CA is the one that counts."""
        named = found.record.options.get("confdir") if found.record else None
        return replace(self, confdir=Path(named)) if named and not self.confdir_named else self

    def program(self) -> Program:
        routing = Path(__file__).parents[1] / "mitm" / "sni_routing.py"
        return Program(
            mitmdump=beside_python("mitmdump"), addon=str(addon_path()), confdir=str(self.confdir), routing=str(routing)
        )

    def need_rights(self) -> None:
        """Refuse early, with the command that would do."""
        if self.tree.live and not self.layout.rootless and os.geteuid() != 0:
            again = shlex.join((*this_command(), *sys.argv[1:]))
            raise HostError(
                f"{'the docker daemon' if self.layout.is_docker else self.layout.unit} belongs to root. Run: sudo {again}"
            )


def surroundings(root: str, rootless: bool, confdir: Path | None) -> Surroundings:
    """From the common options. A rootless daemon of the caller is recognised by its unit."""
    who = invoker()
    tree = Tree(root)
    own = layout.rootless(str(who.home), who.uid, os.environ)
    if not rootless and os.geteuid() != 0 and tree.live:
        rootless = tree.exists(f"{own.unit_paths[0]}/docker.service")
    if rootless and os.geteuid() == 0 and tree.live and who.uid != 0:
        raise HostError("a rootless daemon belongs to its user; run this without sudo")
    named = confdir or os.environ.get("PULLSCOPE_CONFDIR")
    where = Path(named or who.confdir).expanduser().absolute()
    place = own if rootless else layout.SYSTEM
    return Surroundings(tree=tree, layout=place, invoker=who, confdir=where, confdir_named=bool(named))


def of_unit(unit: str, root: str, confdir: Path | None) -> Surroundings:
    """For a daemon that is another unit of systemd."""
    return replace(surroundings(root, rootless=False, confdir=confdir), layout=layout.of_unit(unit))


def for_clients(confdir: Path | None) -> Surroundings:
    """For commands that leave the machine as it is, and need no rights."""
    return surroundings("/", rootless=os.geteuid() != 0, confdir=confdir)


def confdir_words(at: Surroundings) -> list[str]:
    """What tells mitmdump our confdir; nothing where it would take that by itself."""
    return [] if at.confdir == Path("~/.mitmproxy").expanduser() else ["--set", f"confdir={at.confdir}"]


def authority(at: Surroundings) -> str:
    """The CA certificate of the confdir; one that is missing is made, and that is said."""
    known = trust.authority(at.confdir)
    if known is not None:
        return known
    from pullscope.mitm.ca import ensure_ca

    ensure_ca(at.confdir, untrusted_file.owner(at.confdir) if os.geteuid() == 0 else None)
    made = trust.authority(at.confdir)
    if made is None:
        raise HostError(f"mitmproxy made no CA certificate in {at.confdir}")
    say(f"pullscope: made a CA for mitmproxy in {at.confdir}")
    return made


def authority_to_be(at: Surroundings) -> str:
    """The same without making anything: a comment in its place if there is none yet."""
    return trust.authority(at.confdir) or f"# the CA that will be made in {at.confdir}\n"


def tell_change(text: str) -> None:
    """What was changed just now; a reader who is gone (`| head`) is no reason to stop in the middle of it."""
    try:
        tell(f"  {text}")
    except OSError:
        silence()


def print_problems(problems: Iterable[Problem]) -> None:
    """What is wrong with this machine, each with the command that mends it; in a pipe in whole lines, to be searched."""
    show(problem_lines(problems, screen_width() if sys.stdout.isatty() else sys.maxsize, pasted=True))
