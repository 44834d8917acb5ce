"""A mitmproxy of our own, in a thread of this process, for as long as a `with` block.

It listens on a free port of 127.0.0.1, and its CA lives in a directory that is gone afterwards: neither ~/.mitmproxy
nor anything else of the user's is read or written, and nothing is printed. What it does with traffic is its addons'
business.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mitmproxy import options
from mitmproxy.exceptions import OptionsError
from mitmproxy.tools.dump import DumpMaster

_LONGEST_START = 30.0  # seconds; a CA of 2048 bits takes one at the most


class ProxyThread:
    """`with ProxyThread(addon, …) as proxy`: `proxy.port` and `proxy.ca_file` are what a client needs."""

    def __init__(self, *addons: object, settings: Sequence[str] = ()) -> None:
        """`settings` are options as `--set` takes them: `name=value`."""
        self._addons = addons
        self._settings = settings
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pullscope-proxy")
        self._directory = tempfile.TemporaryDirectory(prefix="pullscope-", ignore_cleanup_errors=True)
        self._log = _Errors()
        self._master: DumpMaster | None = None
        self._failure: BaseException | None = None
        self._level_before = logging.WARNING
        self.port = 0

    @property
    def ca_file(self) -> Path:
        """The CA certificate, which only the traced client has to trust."""
        return Path(self._directory.name) / "mitmproxy-ca-cert.pem"

    @property
    def errors(self) -> tuple[str, ...]:
        """What mitmproxy and its addons logged as errors."""
        return tuple(self._log.messages)

    def __enter__(self) -> Self:
        root = logging.getLogger()
        self._level_before = root.level
        root.addHandler(self._log)
        try:
            self._thread.start()
            self._ready.wait(_LONGEST_START)
        except BaseException:
            self.stop()
            raise
        if not self.port:
            self.stop()
            if isinstance(self._failure, OptionsError):
                raise RuntimeError(str(self._failure)) from self._failure
            why = str(self._failure or "; ".join(self.errors) or "it did not come up")
            raise RuntimeError(f"The proxy could not start on 127.0.0.1: {why}.") from self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the proxy and leave nothing of it; may be called twice."""
        if self._master is not None and self._thread.is_alive():
            self._master.shutdown()
        if self._thread.ident is not None:
            self._thread.join()
        root = logging.getLogger()
        root.removeHandler(self._log)
        root.setLevel(self._level_before)
        self._directory.cleanup()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error  # raised again in the thread that waits
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        chosen = options.Options(confdir=self._directory.name, listen_host="127.0.0.1", listen_port=0)
        master = DumpMaster(chosen, with_termlog=False)
        installed: Any = master.addons  # mitmproxy leaves it untyped
        # It would end the process where an addon logs an error during start-up; we read the log instead.
        startup_check = installed.get("errorcheck")
        startup_check.finish()
        installed.remove(startup_check)
        installed.add(*self._addons, _WhenRunning(self))
        chosen.set(*self._settings)
        chosen.update(connection_strategy="lazy", flow_detail=0)
        self._master = master
        try:
            await master.run()
        finally:
            await installed.get("proxyserver").servers.update([])

    def up(self) -> None:
        if self._master is not None:
            installed: Any = self._master.addons
            addresses = installed.get("proxyserver").listen_addrs()
            self.port = addresses[0][1] if addresses else 0
        self._ready.set()


class _WhenRunning:
    """The last addon: when it is told that mitmproxy runs, all the others have been."""

    def __init__(self, proxy: ProxyThread) -> None:
        self._proxy = proxy

    def running(self) -> None:
        self._proxy.up()


class _Errors(logging.Handler):
    """Keeps what is logged as an error, and prints nothing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())
