"""`docker on` and `off` themselves: the changes (carry_out.py), then the commands that docker needs; and all of it backwards.

What is done is told through a function that is handed in; nothing here prints.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import NoReturn

from pullscope.host import HostError, carry_out, docker_daemon, plan_words, systemd
from pullscope.host.carry_out import Undone, told
from pullscope.host.change import Tell
from pullscope.host.command import Outcome
from pullscope.host.journal_document import NAMES, Record
from pullscope.host.machine import Machine
from pullscope.host.plan import Plan
from pullscope.oci.amounts import count


def stopped_by_restart(found: Machine) -> str:
    """What a restart of the daemon would stop right now, as a sentence; empty for what nothing hangs on."""
    daemon = found.daemon
    if not found.layout.is_docker:
        return found.layout.restarting
    if daemon is None or daemon.live_restore or not daemon.running:
        return ""
    done = found.run((*found.layout.docker, "ps", "--format", "{{.Names}}"))
    names = (done.out.split() if done.ok else []) or ["?"] * daemon.running
    return f"That stops {count(len(names), 'container')} (live-restore is off): {', '.join(names)}."


def validate(found: Machine, planned: Plan) -> None:
    """Let dockerd judge the new daemon.json where it can (23 and later); HostError with its words where it refuses."""
    part = next((item for item in planned.changes if item.entry.kind == "daemon-json"), None)
    installed = re.search(r"version (\S+?),", found.run(("dockerd", "--version")).out) if part is not None else None
    if part is None or installed is None or not docker_daemon.at_least(installed[1], 23):
        return
    with tempfile.TemporaryDirectory(prefix="pullscope-") as folder:
        candidate = Path(folder) / "daemon.json"
        candidate.write_bytes(part.after.content)
        done = found.run(("dockerd", "--validate", "--config-file", str(candidate)))
    if not done.ok and "unknown flag" not in done.last_words and done.code not in {124, 127}:
        raise HostError(f"dockerd refuses the new {part.path}: {done.last_words}. Nothing changed.")


def on(found: Machine, planned: Plan, tell: Tell) -> None:
    """Do what the plan says. Where the daemon does not come up with it, put everything back and say so."""
    options = planned.wish.as_json() | ({NAMES: found.names} if found.names else {})
    record = carry_out.put_in_place(found.recorded, options, planned.changes, planned.stale, tell)
    for argv in plan_words.commands(found, planned):
        restarts = argv[-2:] == ("restart", found.layout.unit)
        done = restart(found, tell) if restarts else told(found.tree, found.run, argv, tell)
        if not done.ok:
            _give_up(found, planned, record, done)


def off(found: Machine, tell: Tell) -> Undone:
    """Take every change of ours back, as far as it can be; the daemon's restart is left to the caller."""
    ours = "our insecure registries"
    return carry_out.take_back(found.recorded, found.run, found.layout, tell, docker_runs=found.active, ours=ours)


def restart(found: Machine, tell: Tell) -> Outcome:
    """Restart the daemon, and see that it came up."""
    layout = found.layout
    # Docker's own unit allows three starts a minute (StartLimitBurst=3); ours must not be the one that is refused.
    found.run((*layout.systemctl, "reset-failed", layout.unit))
    done = told(found.tree, found.run, (*layout.systemctl, "restart", layout.unit), tell)
    if not done.ok:
        return done
    again = systemd.show(found.run, layout)
    if again is None or not again.active:
        return Outcome(code=1, err=f"{layout.unit} is not active after the restart")
    return done


def _give_up(found: Machine, planned: Plan, record: Record, failed: Outcome) -> NoReturn:
    layout = found.layout
    if planned.wish.until:
        carry_out.stop_timer(found.run, found.layout.systemctl, record.entries)
    put_back = carry_out.put_back(found.recorded, record)
    found.run((*layout.systemctl, "daemon-reload"))
    again = "was not restarted"
    if planned.restart:
        found.run((*layout.systemctl, "reset-failed", layout.unit))
        done = found.run((*layout.systemctl, "restart", layout.unit))
        again = "was restarted as it was before" if done.ok else f"still does not start ({done.last_words})"
    raise HostError(
        f"{layout.name} did not take the changes ({failed.last_words}). {put_back}, and {layout.name} {again}"
    )
