"""The environment that puts one command behind the proxy, and which commands it cannot help.

Values only. Which variable is read by whom: Go reads HTTPS_PROXY and SSL_CERT_FILE (crypto/x509/root_unix.go), curl
https_proxy and CURL_CA_BUNDLE, requests REQUESTS_CA_BUNDLE, node NODE_EXTRA_CA_CERTS, git GIT_SSL_CAINFO.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

PROXY_NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")
BUNDLE_NAMES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE")
ADDED_NAMES = ("NODE_EXTRA_CA_CERTS",)

DAEMON_ONLY: Mapping[str, frozenset[str]] = {
    "docker": frozenset({"pull", "push", "build", "run", "create", "compose", "image", "container", "buildx", "stack"}),
    "docker-compose": frozenset({"pull", "push", "build", "run", "up", "create"}),
    "crictl": frozenset({"pull"}),
    "kubectl": frozenset({"run", "apply", "create"}),
    "podman-remote": frozenset({"pull", "push", "build", "run"}),
}
"""Commands that only ask a daemon, which does the pulling in its own environment. `docker login` and `docker manifest`
speak with the registry themselves."""

ITSELF = frozenset({("buildx", "imagetools")})
"""What speaks with the registry itself all the same (docker/buildx, commands/imagetools)."""

WITH_VALUE = frozenset(
    {"-H", "--host", "-c", "--context", "--config", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey"}
)
"""docker's options before its verb that take a word (`docker --help`, 28.2)."""


def variables(proxy: str, bundle: str) -> dict[str, str]:
    """What to add to an environment. `bundle` holds the system's certificates and the proxy's CA."""
    return dict.fromkeys(PROXY_NAMES, proxy) | dict.fromkeys((*BUNDLE_NAMES, *ADDED_NAMES), bundle)


def upstream_of(environment: Mapping[str, str]) -> str | None:
    """The proxy that the environment names already: ours goes on through it."""
    return environment.get("HTTPS_PROXY") or environment.get("https_proxy") or None


def only_asks_a_daemon(argv: Sequence[str]) -> str | None:
    """The name of the daemon's command where `argv` makes a daemon do the work; None where it works itself."""
    name = PurePath(argv[0]).name
    verbs = DAEMON_ONLY.get(name)
    if verbs is None:
        return None
    words = iter(argv[1:])
    plain = []
    for word in words:
        if word in WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            plain.append(word)
    if not plain or plain[0] not in verbs or tuple(plain[:2]) in ITSELF:
        return None
    return f"{name} {plain[0]}"


def why_nothing(argv: Sequence[str]) -> str:
    """Why no request of this command may have come through the proxy, in lines of 80 columns at most."""
    if any(_LOOPBACK.search(word) for word in argv[1:]):
        return "Go programs ask localhost and 127.0.0.1 without a proxy: use another address."
    return (
        "It asked none, or a daemon did the work (see `pullscope docker`), or NO_PROXY\n"
        "names the registry, or it does not read HTTPS_PROXY."
    )


_LOOPBACK = re.compile(r"(?:^|[/@=])(?:localhost|127\.[0-9.]+|\[::1\])(?:[:/]|$)")
