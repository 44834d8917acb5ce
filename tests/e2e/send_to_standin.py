"""For mitmdump's -s, next to the tracer: every server is the stand-in, whatever its name.

This is what a hosts file would do, done inside the test's own proxy. Only the address of the connection changes; URL,
Host, SNI and certificate checks stay those of the host that the client asked for, so the tracer sees what the real host
would show.
"""

from __future__ import annotations

import os

from mitmproxy.proxy.server_hooks import ServerConnectionHookData


def server_connect(data: ServerConnectionHookData) -> None:
    data.server.address = ("127.0.0.1", int(os.environ["STANDIN_PORT"]))
