"""The mitmproxy command line that goes with a plan: the same trust and the same way out that the daemon had.

Words only; nothing is started here. A proxy login never stands in it: it would show in every process list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pullscope.host import registry_host
from pullscope.host.plan import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """Where mitmdump and the tracing addon lie on this machine."""

    mitmdump: str
    addon: str
    confdir: str
    routing: str = ""
    """The addon that routes by name, for mode hosts."""


def proxy_command(program: Program, planned: Plan) -> tuple[str, ...]:
    """What to start, as words for a shell."""
    wish = planned.wish
    scripts = [word for script in (program.routing, program.addon) for word in ("-s", script)]
    if wish.mode != "hosts":
        scripts = ["-s", program.addon]
    words = [program.mitmdump, *scripts, "--set", f"confdir={program.confdir}"]
    trust = next((item.path for item in planned.changes if item.path.endswith("/proxy-trust.pem")), None)
    if trust:
        words += ["--set", f"ssl_verify_upstream_trusted_ca={trust}"]
    if wish.mode == "hosts":
        host = registry_host.parts(wish.hosts[0])[0]
        for port in sorted({registry_host.parts(name)[1] or 443 for name in wish.hosts}):
            words += ["--mode", f"reverse:https://{host}:{port}@{wish.proxy_host}:{port}"]
        words += ["--set", "keep_host_header=true", "--set", "connection_strategy=lazy"]
        return tuple(words)
    if planned.upstream:
        words += ["--mode", f"upstream:{planned.upstream}"]
    words += ["--listen-host", wish.proxy_host, "--listen-port", str(wish.proxy_port)]
    for passed in planned.passed_by:
        name, own = registry_host.parts(passed)
        words += ["--ignore-hosts", f"^{re.escape(name)}:{own or 443}$"]
    return tuple(words)
