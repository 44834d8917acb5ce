"""`pullscope vanity hosts`: names in the hosts file, in one marked block, undone exactly.

The change is written to the journal that `pullscope docker off` undoes too, so there is one undo for everything.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import typer

from pullscope import __version__
from pullscope.cli.exits import speaking, tell, typed
from pullscope.cli.options import Root
from pullscope.host import HostError, change, hosts_file, registry_host
from pullscope.host.journal import Journal
from pullscope.host.journal_document import NAMES, Record
from pullscope.host.layout import SYSTEM
from pullscope.host.tree import Tree

app = typer.Typer(
    no_args_is_help=True,
    help="Add names to the hosts file, and remove them.\n\nsudo pullscope vanity hosts add docker.example.com",
)

HOSTS_FILE = "/etc/hosts"
NO_EFFECT = "This has no effect for a client that goes through a proxy, because the proxy resolves the name."

Name = Annotated[str, typer.Argument(help="The domain, such as docker.example.com.", metavar="HOST")]


@app.command("add", epilog="sudo pullscope vanity hosts add docker.example.com")
@speaking
def add(
    host: Name,
    address: Annotated[str, typer.Argument(help="The address that it resolves to.", metavar="ADDR")] = "127.0.0.1",
    root: Root = "/",
) -> None:
    """Make a name resolve to an address on this machine."""
    name, tree = _name(host), Tree(root)
    ipaddress.ip_address(address)
    _may_write(tree)
    _write(tree, lambda names: names | {name: address})
    tell(f"{HOSTS_FILE}  {name} resolves to {address}")
    tell(NO_EFFECT)
    tell(f"undo  sudo {typed()} vanity hosts remove {name}  (pullscope docker off undoes it too)")


@app.command("remove", epilog="sudo pullscope vanity hosts remove docker.example.com")
@speaking
def remove(host: Name, root: Root = "/") -> None:
    """Remove a name; after the last one the file is as it was, byte for byte."""
    name, tree = _name(host), Tree(root)
    _may_write(tree)
    words = _write(tree, lambda names: _without(names, name))
    tell(f"{HOSTS_FILE}  {name} removed{words}")


@app.command("list", epilog="pullscope vanity hosts list")
@speaking
def list_(root: Root = "/") -> None:
    """List the names that pullscope added, and their addresses."""
    block = _ours(Tree(root))
    for name, address in block.items():
        tell(f"{address:<16} {name}")
    tell(NO_EFFECT if block else f"{HOSTS_FILE} has no names of pullscope.")


def _name(text: str) -> str:
    name = text.strip().lower().rstrip(".")
    if not name or len(name) > 253 or not all(part and part.replace("-", "").isalnum() for part in name.split(".")):
        raise ValueError(f"{text[:100]!r} is not a host: write a name such as docker.example.com")
    return name


def _may_write(tree: Tree) -> None:
    if tree.live and os.geteuid() != 0:
        raise HostError(f"{HOSTS_FILE} belongs to root. Run this with sudo")


def _ours(tree: Tree) -> dict[str, str]:
    content = tree.look(HOSTS_FILE).content
    return {} if hosts_file.remove_block(content) == content else hosts_file.ours(content)


def _without(names: dict[str, str], name: str) -> dict[str, str]:
    if name not in names:
        raise HostError(f"{name} was not added by `vanity hosts add`. Nothing changed.")
    return {other: address for other, address in names.items() if other != name}


def _write(tree: Tree, edit: Callable[[dict[str, str]], dict[str, str]]) -> str:
    """Write the names, journal first; return words on any other change to the file."""
    journal = Journal(tree, SYSTEM.state)
    known = journal.read()
    edit(dict(known.options.get(NAMES, {})) if known else {})  # refuses before the first change
    made = journal.prepare()
    with journal.lock():
        record = journal.read() or Record(options={}, entries=(), version=__version__, made=made)
        names = edit(dict(record.options.get(NAMES, {})))
        # `docker on --mode hosts` has its names in the same block.
        block = names | {name: address for name, address in _ours(tree).items() if name in _of_docker(record)}
        options = {key: value for key, value in record.options.items() if key != NAMES}
        record = replace(record, options=options | ({NAMES: names} if names else {}))
        old = next((entry for entry in record.entries if entry.path == HOSTS_FILE), None)
        others = tuple(entry for entry in record.entries if entry.path != HOSTS_FILE)
        if not block:
            words = f"; {change.take_back(tree, old).words}" if old is not None else ""
            if others:
                journal.write(replace(record, entries=others))
            else:
                journal.remove(record.made)
            return words
        now = tree.look(HOSTS_FILE)
        rest = hosts_file.remove_block(now.content)
        content = hosts_file.add_block(now.content, block)
        before = old.before if old is not None else now
        planned = change.file(HOSTS_FILE, "hosts", before, content)
        # Only where all the rest is as it was may undo put the old bytes back; else it takes out the block alone.
        untouched = rest in {before.content, before.content + b"\n"}
        ours = (*(old.ours if old else ()), *(planned.entry.ours if untouched else ()))
        entry = replace(planned.entry, ours=tuple(dict.fromkeys(ours)))
        journal.write(replace(record, entries=(*others, entry)))
        change.apply(tree, planned)
    return ""


def _of_docker(record: Record) -> set[str]:
    if record.options.get("mode") != "hosts":
        return set()
    return {registry_host.parts(host)[0] for host in record.options.get("hosts", ())}
