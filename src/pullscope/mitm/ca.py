"""mitmproxy's certificate authority in a confdir: made if it is not there yet, with the owner that the confdir has.

Called as root for another user (`sudo`), it makes the files in a child process that runs as that user: nothing in a
user's directory is ever written with root's rights.
"""

from __future__ import annotations

import os
from pathlib import Path

NAME = "mitmproxy"
CERTIFICATE = f"{NAME}-ca-cert.pem"


def ensure_ca(confdir: Path, owner: tuple[int, int] | None = None) -> Path:
    """The CA's certificate (PEM, without its key) in `confdir`, made first where it is missing.

    `owner` (uid, gid) is the owner of the files; only root may name another than itself. OSError where it
    cannot be made.
    """
    certificate = confdir / CERTIFICATE
    if certificate.is_file():
        return certificate
    if owner is None or owner == (os.geteuid(), os.getegid()):
        _make(confdir)
        return certificate
    # mitmproxy is imported before the fork, as the other user may not be allowed to read this installation.
    from mitmproxy import certs  # noqa: F401

    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(owner[1])
            os.setuid(owner[0])
            _make(confdir)
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if ended != 0 or not certificate.is_file():
        raise PermissionError(13, "the CA could not be made as its owner", str(confdir))
    return certificate


def _make(confdir: Path) -> None:
    from mitmproxy import certs
    from mitmproxy.options import CONF_BASENAME, KEY_SIZE

    confdir.mkdir(parents=True, exist_ok=True)
    certs.CertStore.from_store(confdir, CONF_BASENAME, KEY_SIZE)
