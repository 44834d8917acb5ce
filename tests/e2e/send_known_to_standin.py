"""For mitmdump's -s: the hosts that the stand-in plays are the stand-in, any other address stays what it is.

STANDIN_FRONT, `HOST=PORT`, is a host with a server of its own on this machine.
"""

from __future__ import annotations

import os

from mitmproxy.proxy.server_hooks import ServerConnectionHookData

PLAYED = frozenset(os.environ.get("STANDIN_HOSTS", "").split())
FRONT, _, FRONT_PORT = os.environ.get("STANDIN_FRONT", "").partition("=")


def server_connect(data: ServerConnectionHookData) -> None:
    if data.server.address is not None and FRONT and data.server.address[0] == FRONT:
        data.server.address = ("127.0.0.1", int(FRONT_PORT))
    elif data.server.address is not None and data.server.address[0] in PLAYED:
        data.server.address = ("127.0.0.1", int(os.environ["STANDIN_PORT"]))
