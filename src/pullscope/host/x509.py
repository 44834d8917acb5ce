"""What must be known of a certificate: when it ends, and whether a text is one CA certificate and nothing else."""

from __future__ import annotations

import re
from datetime import datetime

LARGEST = 64 * 1024
"""Bytes of a file that can hold one certificate."""

_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")


def not_after(pem: str) -> datetime | None:
    """The end of a certificate's validity, None where it cannot be read."""
    from cryptography import x509  # 40 ms that only few commands need

    try:
        return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    except ValueError:
        return None


def authority(content: bytes) -> str:
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
        raise ValueError("holds a certificate that cannot be read; one CA certificate (PEM) is needed") from None
    if not allowed:
        raise ValueError("holds a certificate that is not a CA (basicConstraints); one CA certificate is needed")
    return certificate.public_bytes(Encoding.PEM).decode("ascii")
