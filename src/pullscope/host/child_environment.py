"""The environment that puts one command behind the proxy, and which commands it cannot help.

Values only. Which variable is read by whom: Go reads HTTPS_PROXY and SSL_CERT_FILE (crypto/x509/root_unix.go), curl
https_proxy and CURL_CA_BUNDLE, requests REQUESTS_CA_BUNDLE, node NODE_EXTRA_CA_CERTS and, with NODE_USE_ENV_PROXY from
22.21 and 24.0 on (doc/api/cli.md), HTTPS_PROXY, git GIT_SSL_CAINFO.
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
"""What speaks with the registry itself anyway (docker/buildx, commands/imagetools)."""

WITH_VALUE = frozenset(
    {"-H", "--host", "-c", "--context", "--config", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey"}
)
"""docker's options before its verb that take a word (`docker --help`, 28.2)."""


def variables(proxy: str, bundle: str) -> dict[str, str]:
    """What to add to an environment. `bundle` holds the system's certificates and the proxy's CA."""
    names = dict.fromkeys(PROXY_NAMES, proxy) | dict.fromkeys((*BUNDLE_NAMES, *ADDED_NAMES), bundle)
    return {**names, "NODE_USE_ENV_PROXY": "1"}


def upstream_of(environment: Mapping[str, str]) -> str | None:
    """The proxy that the environment names already: ours goes on through it."""
    return environment.get("HTTPS_PROXY") or environment.get("https_proxy") or None


def only_asks_a_daemon(argv: Sequence[str]) -> str | None:
    """The name of the daemon's command where `argv` makes a daemon do the work; None where it works itself."""
    name = PurePath(argv[0]).name
    words = _from_verb_on(argv)
    if not words or words[0] not in DAEMON_ONLY.get(name, ()):
        return None
    plain = [word for word in words if not word.startswith("-")]
    return None if tuple(plain[:2]) in ITSELF else f"{name} {words[0]}"


def for_a_daemon(argv: Sequence[str]) -> tuple[str, ...]:
    """The words of a docker command from its verb on, where they are a daemon's work; none for any other command."""
    docker = PurePath(argv[0]).name == "docker" and only_asks_a_daemon(argv) is not None
    return _from_verb_on(argv) if docker else ()


def _from_verb_on(argv: Sequence[str]) -> tuple[str, ...]:
    """Without the options before it: `-H` names a daemon that is another."""
    at = 1
    while at < len(argv) and argv[at].startswith("-"):
        at += 2 if argv[at] in WITH_VALUE else 1
    return tuple(argv[at:])


def why_nothing(argv: Sequence[str]) -> str:
    """Why no request of this command may have come through the proxy."""
    if any(_LOOPBACK.search(word) for word in argv[1:]):
        return "Go programs ask localhost and 127.0.0.1 without a proxy: use another address."
    return (
        "It asked none, or a daemon did the work (see `pullscope docker`), or NO_PROXY names the registry, or it does not read "
        "HTTPS_PROXY (Node before 22.21)."
    )


_LOOPBACK = re.compile(r"(?:^|[/@=])(?:localhost|127\.[0-9.]+|\[::1\])(?:[:/]|$)")
