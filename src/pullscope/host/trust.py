"""Certificates: those that the daemon must trust for the proxy, and those that the proxy must trust in the daemon's place.

mitmproxy trusts certifi's roots only. What the daemon trusted beyond them (the system's store, CAs in certs.d) is
collected into one bundle for mitmproxy's `ssl_verify_upstream_trusted_ca`. Only public certificates are copied; private
keys stay where they are. mitmproxy's own directory belongs to the user who called, and root reads it: see untrusted_file.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pullscope.host import HostError, untrusted_file
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
"""Those that Go reads by default, as far as they are here."""

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryTrust:
    """What certs.d holds for one host."""

    host: str
    authorities: tuple[str, ...]
    client_certificate: bool


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


CERTIFICATE = "mitmproxy-ca-cert.pem"
CA_FILES = ("mitmproxy-ca.pem", CERTIFICATE, "mitmproxy-dhparam.pem")


def authority(confdir: Path) -> str | None:
    """The CA certificate (PEM) in `confdir`, None where there is none. HostError where the file is anything else."""
    path = confdir / CERTIFICATE
    content = untrusted_file.read(path, LARGEST_CERTIFICATE)
    if content is None:
        return None
    try:
        return one_authority(content)
    except ValueError as error:
        raise HostError(f"{path} {error}") from error


def copy_ca(confdir: Path, home: Path) -> None:
    """The CA with its key into `home`, for its owner only; what is not there is passed over."""
    for name in CA_FILES:
        content = untrusted_file.read(confdir / name, LARGEST_CERTIFICATE)
        if content is not None:
            handle = os.open(home / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)


LARGEST_CERTIFICATE = 64 * 1024
"""Bytes of a file that can hold one certificate."""

_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")


def not_after(pem: str) -> datetime | None:
    """The end of a certificate's validity, None where it cannot be read."""
    from cryptography import x509  # 40 ms that only few commands need

    try:
        return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    except ValueError:
        return None


def one_authority(content: bytes) -> str:
    """The one CA certificate in a PEM file, written anew: nothing else of the file is in the result.

    ValueError, as the end of a sentence that begins with the file's name, where it is anything else.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    if not content.strip():
        raise ValueError("is empty; a CA certificate is needed")
    labels = _LABEL.findall(content)
    if any(b"PRIVATE KEY" in label for label in labels):
        raise ValueError("holds a private key, which is not copied; a CA certificate without its key is needed")
    if labels != [b"CERTIFICATE"]:
        held = f"{labels.count(b'CERTIFICATE')} certificates" if labels.count(b"CERTIFICATE") > 1 else "no certificate"
        raise ValueError(f"holds {held}; one CA certificate (PEM) is needed")
    try:
        certificate = x509.load_pem_x509_certificate(content)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        allowed = constraints.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        allowed = False
    except ValueError:
        raise ValueError("holds a damaged certificate; copy one CA certificate (PEM) there again") from None
    if not allowed:
        raise ValueError("holds a certificate that is not a CA (basicConstraints); one CA certificate is needed")
    return certificate.public_bytes(Encoding.PEM).decode("ascii")
