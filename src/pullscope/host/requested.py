"""What the user asked of `on`: words of the command line, and of a journal, that are right before anything is looked at.

A constructor that refuses: ValueError with one sentence. Values only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pullscope.host import registry_host
from pullscope.oci.whereabouts import is_ip


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the user asked of `on`."""

    mode: str = "proxy"
    proxy_host: str = "127.0.0.1"
    proxy_port: int = 8080
    trust: str = "env"
    hosts: tuple[str, ...] = ()
    insecure: tuple[str, ...] = ()
    authority: str = field(default="", repr=False)
    """mitmproxy's CA certificate, PEM, without its key."""
    no_proxy: str | None = None
    """The hosts that the daemon reaches without the proxy; None: as before."""
    proxy_storage: bool = True
    """Whether known storage hosts are reached through the proxy too."""
    until: str | None = None
    """When everything takes itself back, as systemd.time(7) spells an instant; None: when asked to."""
    confdir: str | None = None
    """mitmproxy's directory that `authority` is from; None: not said."""
    off_command: tuple[str, ...] = ("pullscope", "docker", "off", "--yes")

    def __post_init__(self) -> None:
        for host in self.hosts:
            registry_host.check(host)
        for host in self.insecure:
            registry_host.check_insecure(host)
        self._check_proxy()
        if self.mode not in {"proxy", "hosts"}:
            raise ValueError(f"mode is proxy or hosts, not {self.mode!r}")
        if self.trust not in {"env", "certs.d"}:
            raise ValueError(f"trust is env or certs.d, not {self.trust!r}")
        if self.mode == "hosts" and not self.proxy_storage:
            raise ValueError(
                "--no-proxy-storage is for mode proxy; in mode hosts only the named hosts are led to the proxy"
            )
        if self.mode == "hosts" and not self.hosts:
            raise ValueError("mode hosts needs --host HOST: the names to point at the proxy")
        names = {host: registry_host.parts(host)[0] for host in self.hosts}
        address = next((one for one in names if names[one][0] == "[" or is_ip(names[one])), None)
        if self.mode == "hosts" and address is not None:
            raise ValueError(f"--mode hosts needs names: {address} is an address, and /etc/hosts maps only names")

    def _check_proxy(self) -> None:
        if is_ip(self.proxy_host):
            return
        if self.mode == "hosts":
            raise ValueError(f"{self.proxy_host[:100]!r} is not an address; in mode hosts the proxy has one")
        name, port = registry_host.parts(registry_host.check(self.proxy_host))
        if port is not None or name.startswith("["):
            raise ValueError(f"{self.proxy_host[:100]!r} is not a host; the port goes into --port")

    @classmethod
    def of(cls, options: dict[str, Any]) -> Wish:
        """The wish that a journal holds; what it does not know is left at its default."""
        names = {one.name for one in fields(cls)} - {"authority", "off_command"}
        known: dict[str, Any] = {}
        for name in names & options.keys():
            known[name] = tuple(options[name]) if isinstance(options[name], list) else options[name]
        return cls(**known)

    @property
    def proxy(self) -> str:
        host = f"[{self.proxy_host}]" if ":" in self.proxy_host else self.proxy_host
        return f"http://{host}:{self.proxy_port}"

    def as_json(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "authority"}
