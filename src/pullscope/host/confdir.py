"""mitmproxy's directory, as far as this room reads it: the CA certificate that docker will trust, and a private copy of the CA.

The directory belongs to the user who called, and root reads it: see untrusted_file.py for how.
"""

from __future__ import annotations

import os
from pathlib import Path

from pullscope.host import HostError, untrusted_file, x509

CERTIFICATE = "mitmproxy-ca-cert.pem"
CA_FILES = ("mitmproxy-ca.pem", CERTIFICATE, "mitmproxy-dhparam.pem")


def authority(confdir: Path) -> str | None:
    """The CA certificate (PEM) in `confdir`, None where there is none. HostError where the file is anything else."""
    path = confdir / CERTIFICATE
    content = untrusted_file.read(path, x509.LARGEST)
    if content is None:
        return None
    try:
        return x509.authority(content)
    except ValueError as error:
        raise HostError(f"{path} {error}") from error


def copy_ca(confdir: Path, home: Path) -> None:
    """The CA with its key into `home`, for its owner only; what is not there is passed over."""
    for name in CA_FILES:
        content = untrusted_file.read(confdir / name, x509.LARGEST)
        if content is not None:
            handle = os.open(home / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
