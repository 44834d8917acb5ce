"""For mitmdump's -s, next to the tracer: every server is the stand-in, whatever its name.

This is what a hosts file would do, done inside the test's own proxy. Only where a connection leads changes; its address in
mitmproxy (by which it is known again for the next request), URL, Host, SNI and certificate checks stay those of the host
that the client asked for, so the tracer sees what the real host would show.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

_open_connection = asyncio.open_connection


async def _to_standin(_host: str, _port: int, **given: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await _open_connection("127.0.0.1", int(os.environ["STANDIN_PORT"]), **given)


asyncio.open_connection = _to_standin  # type: ignore[assignment] # as mitmproxy calls it (11 and 12, proxy/server.py)
