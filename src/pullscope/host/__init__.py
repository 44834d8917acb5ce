"""Reversible changes to this machine: a docker daemon pointed at the tracing proxy, and everything taken back.

Knows nothing of traces or of mitmproxy. Every change goes through one small core: a `Tree` (a directory that stands for
`/`), a `Journal` that is on disk before the first change, changes as data, and an undo that decides by looking at what
is there. The map, from the bottom up:

    untrusted_file.py read what an ordinary user may control, as root
    scratch_folder.py a temporary directory that is gone when its process is
    tree.py           read and replace files below a root, atomically, with a fault hook
    journal.py        what was there before, written first and deleted last; journal_document.py: its JSON, checked whole
    change.py         a change as data: file, directory; how to apply it and how to take it back
    command.py        how commands are run, and that this is one injected function
    daemon_json.py, hosts_file.py, trust.py    the contents of the files that are changed
    layout.py         where things are: rootful, rootless
    carry_out.py      the changes of one `on`: collecting them, doing them, undoing them
    systemd.py, docker_daemon.py                          what systemd and the daemon say is in force
    requested.py, plan.py, switch.py                      what is asked of `on`; what it will do; doing it; `off`
"""

from __future__ import annotations


class HostError(Exception):
    """One sentence for the user: what, where, and what to do. Commands print it and end with 1; nothing was changed."""
