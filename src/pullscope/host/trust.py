"""Certificates: those that the daemon must trust for the proxy, and those that the proxy must trust in the daemon's place.

mitmproxy trusts certifi's roots only. What the daemon trusted beyond them (the system's store, CAs in certs.d) is
collected into one bundle for mitmproxy's `ssl_verify_upstream_trusted_ca`. Only public certificates are copied; private
keys stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pullscope.host.layout import Layout
from pullscope.host.tree import Tree

CERTIFICATE_NAME = "pullscope-mitmproxy.crt"
"""`.crt`: dockerd passes over `.pem` in certs.d without a word."""

# golang/go src/crypto/x509/root_linux.go: the first of these files, and both directories.
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs")

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryTrust:
    """What certs.d holds for one host."""

    host: str
    authorities: tuple[str, ...]
    client_certificate: bool


def system_directories(tree: Tree) -> list[str]:
    """The directories that Go reads by default, as far as they are here."""
    return [folder for folder in DIRECTORIES if tree.exists(folder)] or [DIRECTORIES[0]]


def certificates(text: str) -> list[str]:
    """The certificates of a PEM text, each with its marks; anything else in it is passed over."""
    return [re.sub(r"\s*\n\s*", "\n", match) for match in _PEM.findall(text)]


def system_bundle(tree: Tree, environment: dict[str, str] | None = None) -> list[str]:
    """The certificates of the bundle that Go programs trust here; SSL_CERT_FILE in `environment` names another."""
    named = (environment or {}).get("SSL_CERT_FILE")
    for path in (named,) if named else BUNDLES:
        text = tree.text(path)
        if text:
            return certificates(text)
    return []


def directory(tree: Tree, folder: str) -> list[str]:
    """Every certificate in the files of a directory, as Go reads SSL_CERT_DIR."""
    return [pem for name in tree.names(folder) for pem in certificates(tree.text(f"{folder}/{name}") or "")]


def registries(tree: Tree, layout: Layout) -> list[RegistryTrust]:
    """What certs.d holds, ours left out."""
    found: list[RegistryTrust] = []
    for host in tree.names(layout.certs_d):
        folder = f"{layout.certs_d}/{host}"
        names = tree.names(folder)
        authorities = tuple(
            pem
            for name in names
            if name.endswith(".crt") and name != CERTIFICATE_NAME
            for pem in certificates(tree.text(f"{folder}/{name}") or "")
        )
        client = any(name.endswith(".cert") for name in names)
        if authorities or client:
            found.append(RegistryTrust(host=host, authorities=authorities, client_certificate=client))
    return found


def bundle(pems: Iterable[str]) -> bytes:
    """One PEM text, each certificate once."""
    return "".join(f"{pem}\n" for pem in dict.fromkeys(pems)).encode()
