"""Checks on the proxy: does it listen, does it trust and go out as the daemon did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from pullscope.host.doctor.examination import Examination
from pullscope.oci.verdicts import Problem, Severity

PROGRAMS = {"mitmdump", "mitmweb", "mitmproxy"}


def not_listening(at: Examination) -> Iterator[Problem]:
    """Pulls fail while no proxy listens."""
    if at.mode is None:
        return
    host, port = at.proxy_address()
    if not at.listens(host, port):
        yield Problem(
            code="proxy-not-listening",
            message=f"nothing listens on {host}:{port}, so every pull fails",
            fix=at.proxy_command,
        )


def way_out(at: Examination) -> Iterator[Problem]:
    """The proxy must trust what the daemon trusted and go out the way that it went."""
    if at.mode is None:
        return
    _, port = at.proxy_address()
    words = at.command_of(port)
    if words is None or not any(PurePath(word).name in PROGRAMS for word in words):
        return
    line = " ".join(words)
    missing = []
    trust = f"{at.machine.layout.public}/proxy-trust.pem"
    if at.machine.tree.exists(trust) and "ssl_verify_upstream_trusted_ca" not in line and "ssl_insecure" not in line:
        missing.append(f"does not trust what {at.machine.layout.name} trusted (private registries answer 502)")
    if "upstream:" in at.proxy_command and "upstream:" not in line:
        missing.append(f"does not use the proxy that {at.machine.layout.name} had")
    if missing:
        yield Problem(
            code="proxy-way-out",
            severity=Severity.WARNING,
            message=f"the proxy on port {port} {' and '.join(missing)}",
            fix=at.proxy_command,
        )
