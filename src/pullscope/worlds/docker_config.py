"""The logins that docker's config.json holds in plain text, by the host whose API they are for.

Credential helpers are programs that hand out secrets: none is run from here. What a helper keeps is not at hand.
"""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pullscope.oci.reference import DOCKER_HUB, HUB_API, HUB_INDEX
from pullscope.worlds.clients.bearer import Login

_MOST_BYTES = 1024 * 1024


def config_file(environment: Mapping[str, str] = os.environ) -> Path:
    """$DOCKER_CONFIG/config.json, else ~/.docker/config.json."""
    return Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def read_logins(file: Path | None = None) -> dict[str, Login]:
    """Each login with a name and a password. OSError where there is no file, ValueError where it is no such file."""
    path = file or config_file()
    # Opened so that a FIFO cannot make us wait: another user may have made it.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise ValueError(f"{path} is not a regular file")
        text = opened.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise ValueError(f"{path} is larger than {_MOST_BYTES} bytes")
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError(f"{path} is nested too deeply") from None
    except ValueError:
        raise ValueError(f"{path} is not JSON") from None
    entries = document.get("auths") if isinstance(document, dict) else None
    found: dict[str, Login] = {}
    for key, entry in (entries if isinstance(entries, dict) else {}).items():
        login = _login(_host(key), entry)
        if login is not None:
            found[login.host] = login
    return found


def _host(key: str) -> str:
    try:
        host = (urlsplit(key if "://" in key else f"https://{key}").netloc or key).lower()
    except ValueError:  # "https://[x": no host that could be asked
        host = key.lower()
    # docker/cli keeps Docker Hub's login under https://index.docker.io/v1/
    return HUB_API if host in (HUB_INDEX, DOCKER_HUB) else host


def _login(host: str, entry: object) -> Login | None:
    encoded = entry.get("auth") if isinstance(entry, dict) else None
    if not isinstance(encoded, str):
        return None
    try:
        username, _, password = base64.b64decode(encoded).decode().partition(":")
    except ValueError:  # no base64, or no UTF-8 in it
        return None
    return Login(host=host, username=username, password=password.rstrip("\0")) if username and password else None
