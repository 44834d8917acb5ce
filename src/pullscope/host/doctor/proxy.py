"""Checks on the proxy: does it listen, does it trust and go out as the daemon did; and on its CA: is it where the daemon looks,
under a name that it reads, still valid, and the proxy's own.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePath

from pullscope.host import trust
from pullscope.host.doctor.examination import Examination
from pullscope.host.trust import not_after
from pullscope.oci.verdicts import Problem, warning

PROGRAMS = {"mitmdump", "mitmweb", "mitmproxy"}


def not_listening(at: Examination) -> Iterator[Problem]:
    """Pulls fail while no proxy listens."""
    if at.mode is None:
        return
    host, port = at.proxy_address()
    if not at.listens(host, port):
        message = f"Nothing listens on {host}:{port}, so every pull fails."
        yield Problem("proxy-not-listening", message, at.proxy_command)


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
        message = f"The proxy on port {port} {' and '.join(missing)}."
        yield warning("proxy-way-out", message, at.proxy_command)


def _places(at: Examination) -> list[str]:
    """Where our CA should lie."""
    recorded = [
        entry.path for entry in at.machine.recorded.entries.values() if entry.path.endswith(trust.CERTIFICATE_NAME)
    ]
    if recorded:
        return recorded
    if at.machine.layout.ca_directory in at.drop_in.get("SSL_CERT_DIR", ""):
        return [f"{at.machine.layout.ca_directory}/{trust.CERTIFICATE_NAME}"]
    return []


def ca_missing(at: Examination) -> Iterator[Problem]:
    """A CA that is not there."""
    for path in _places(at):
        if at.machine.tree.text(path) is None and at.machine.tree.look(path).absent:
            yield Problem(
                "ca-missing",
                f"{path} is not there, so {at.machine.layout.name} rejects the proxy's certificate "
                "(x509: unknown authority).",
                f"{at.again} && {at.systemctl} restart {at.machine.layout.unit}",
                path,
            )


def ca_wrong_name(at: Examination) -> Iterator[Problem]:
    """dockerd reads `*.crt` in certs.d and passes over `.pem` (moby registry/registry.go, ReadCertsDirectory)."""
    folder = at.machine.layout.certs_d
    for host in at.machine.tree.names(folder):
        for name in at.machine.tree.names(f"{folder}/{host}"):
            path = f"{folder}/{host}/{name}"
            if name.endswith(".pem") and "BEGIN CERTIFICATE" in (at.machine.tree.text(path) or ""):
                quoted, better = shlex.quote(path), shlex.quote(path.removesuffix(".pem") + ".crt")
                message = f"docker ignores {path}: it reads only names that end in .crt."
                yield Problem("ca-named-pem", message, f"{at.sudo}mv {quoted} {better}", path)


def ca_unreadable(at: Examination) -> Iterator[Problem]:
    """What lies in the confdir in the CA certificate's place is something else."""
    if at.authority_trouble:
        confdir = shlex.quote(at.confdir)
        aside = f"{confdir}/not-a-ca"
        fix = f"mkdir -p {aside} && mv {confdir}/mitmproxy-* {aside}/ && {at.again}  # and restart the proxy"
        yield Problem("ca-unreadable", at.authority_trouble, fix, at.confdir)


def ca_expired(at: Examination) -> Iterator[Problem]:
    """A CA that is out of date."""
    for path in _places(at):
        end = not_after(at.machine.tree.text(path) or "")
        if end is not None and end < datetime.now(UTC):
            confdir = shlex.quote(at.confdir)
            aside = f"{confdir}/expired-{end:%Y%m%d}"
            yield Problem(
                "ca-expired",
                f"{path} ended on {end:%Y-%m-%d}.",
                f"mkdir -p {aside} && mv {confdir}/mitmproxy-* {aside}/ && {at.again} && "
                f"{at.systemctl} restart {at.machine.layout.unit}  # and restart the proxy",
                path,
            )
            return


def ca_of_other_confdir(at: Examination) -> Iterator[Problem]:
    """The CA that docker trusts is not the one that the proxy will sign with."""
    signing = at.signing()
    if signing is None:
        return
    confdir, certificate = signing
    wanted = trust.certificates(certificate)
    for path in _places(at):
        text = at.machine.tree.text(path)
        if text is not None and trust.certificates(text) != wanted:
            fix = f"{at.on(confdir=confdir)} && {at.systemctl} restart {at.machine.layout.unit}"
            yield Problem("ca-of-another-confdir", f"{path} is not the CA in {confdir}.", fix, path)
            return
