"""Who the DNS server is that a client asked in vain, by its address in the client's words, and what helps with that one."""

from __future__ import annotations

import re

from pullscope.oci.text_table import heads

TABLE = r"""
# docker/for-win#4884, #7613, docker/for-mac#1340
192\.168\.65\.\d+
    restart Docker Desktop, whose own DNS that is, where nslookup {host} on the computer itself finds it
# abiosoft/colima#137, #239
192\.168\.5\.\d+
    name Colima's VM a DNS server (colima stop, colima start --dns 1.1.1.1)
# docker/cli#2299, abiosoft/colima#1208
127\.0\.0\.53
    ask systemd-resolved, which that is (resolvectl query {host}; sudo systemctl restart systemd-resolved)
# golang/go net/dnsconfig.go, defaultNS; docker/cli#2618, distribution/distribution#3477
\[::1\]|127\.0\.0\.1
    write a nameserver into /etc/resolv.conf, which names none that {who} knows, and restart {who}, if it was started before that
"""
_ROWS = [(re.compile(rf" on (?:{words}):53\b"), lines[0]) for words, lines in heads(TABLE)]


def of_the_resolver(fix: str, why: str, *, host: str, who: object) -> str:
    """The fix, and before it what helps with the DNS server that is named."""
    own = next((step for words, step in _ROWS if words.search(why)), None)
    return f"{own.format(host=host, who=who)}; else {fix}" if own is not None else fix
