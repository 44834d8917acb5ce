"""Why nothing is seen, or why it fails: checks that look, and say one line and one fix each.

A check is a function of an `Examination` that yields problems; `CHECKS` is the table of all. The fix is a command that
works when it is pasted as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pullscope.host.doctor import daemon, proxy
from pullscope.host.doctor.examination import Examination
from pullscope.oci.verdicts import Problem

CHECKS: tuple[Callable[[Examination], Iterable[Problem]], ...] = (
    daemon.kind_of_docker,
    daemon.conflicting_flags,
    daemon.not_running,
    daemon.proxy_scheme,
    daemon.overridden,
    daemon.shadowed,
    daemon.bypassed,
    daemon.loopback_names,
    daemon.not_restarted,
    daemon.rootless_loopback,
    proxy.ca_missing,
    proxy.ca_wrong_name,
    proxy.ca_unreadable,
    proxy.ca_expired,
    proxy.ca_of_other_confdir,
    proxy.not_listening,
    proxy.way_out,
)


def examine(examination: Examination) -> tuple[Problem, ...]:
    """Every problem, in the order of the table; two that one command cures are said once each."""
    return tuple(problem for check in CHECKS for problem in check(examination))


__all__ = ["CHECKS", "Examination", "examine"]
