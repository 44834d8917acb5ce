"""The client in front of the proxy under measurement: kept-alive tunnels over plain sockets, never the slow part."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

from bench.upstream import STORAGE, blob_path, moved_path

USER_AGENT = "docker/20.10.24 go/go1.19.8 kernel/6.1 os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24)"
TIMEOUT = 300


class Tunnel:
    """A TLS connection to the upstream through the proxy, as a client with HTTPS_PROXY makes it."""

    def __init__(self, proxy: int | None, upstream: int, *, name: str = "127.0.0.1") -> None:
        """Without a proxy it goes straight to the upstream, which may be called by another name."""
        self._host = f"{name}:{upstream}"
        plain = socket.create_connection(("127.0.0.1", proxy or upstream), timeout=TIMEOUT)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if proxy is not None:
            plain.sendall(f"CONNECT {self._host} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
            answer = plain.recv(65536)
            if b" 200 " not in answer.split(b"\r\n", 1)[0]:
                raise RuntimeError(f"the proxy refused the tunnel: {answer[:200]!r}")
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # what is measured is on the way, not at its ends
        self._socket = context.wrap_socket(plain, server_hostname=name)
        self._buffer = bytearray(1 << 20)

    def get(self, path: str) -> int:
        """Fetches `path`; answers with the size of the body, which is read and thrown away."""
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nUser-Agent: {USER_AGENT}\r\n"
            "Accept: application/vnd.oci.image.manifest.v1+json\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            more = self._socket.recv(65536)
            if not more:
                raise RuntimeError(f"the proxy hung up before an answer to {path}")
            head += more
        head, _, body = head.partition(b"\r\n\r\n")
        status, *fields = head.split(b"\r\n")
        if b" 200 " not in status and b" 307 " not in status:
            raise RuntimeError(f"{path}: {status.decode()}")
        named = dict(field.lower().split(b": ", 1) for field in fields)
        total = int(named[b"content-length"])
        left = total - len(body)
        while left > 0:
            got = self._socket.recv_into(self._buffer)
            if not got:
                raise RuntimeError(f"{path}: {left} bytes are missing")
            left -= got
        return total

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()


def fetch_at_once(proxy: int, upstream: int, path: str, number: int) -> float:
    """Seconds for so many bodies at the same time, each over a connection of its own, from the first request to the last byte."""
    with ExitStack() as stack:
        tunnels = [stack.enter_context(Tunnel(proxy, upstream)) for _ in range(number)]
        began = time.perf_counter()
        with ThreadPoolExecutor(number) as pool:
            for _ in pool.map(lambda tunnel: tunnel.get(path), tunnels):
                pass  # what fails is raised here
        return time.perf_counter() - began


def fetch_from_storage(proxy: int | None, upstream: int, mebibytes: int) -> float:
    """Seconds for one body to which a redirect leads, from the registry's answer to the last byte."""
    with Tunnel(proxy, upstream) as registry:
        registry.get(moved_path(mebibytes))
    began = time.perf_counter()
    with Tunnel(proxy, upstream, name=STORAGE) as storage:
        storage.get(blob_path(mebibytes).removeprefix("/v2"))
    return time.perf_counter() - began


def fetch_many(proxy: int, upstream: int, paths: Iterable[str], *, connections: int = 4) -> float:
    """Requests a second over that many connections at once, each kept alive."""
    wanted = list(paths)
    failed: list[Exception] = []
    ready = threading.Barrier(connections + 1)

    def work(mine: list[str]) -> None:
        try:
            with Tunnel(proxy, upstream) as tunnel:
                tunnel.get(mine[0])  # the connection to the upstream is made here, outside the measurement
                ready.wait(TIMEOUT)
                for path in mine:
                    tunnel.get(path)
        except (OSError, RuntimeError) as error:  # a broken barrier is a RuntimeError
            failed.append(error)
            ready.abort()

    threads = [threading.Thread(target=work, args=(wanted[number::connections],)) for number in range(connections)]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):  # then one of them failed, and says why
        ready.wait(TIMEOUT)
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if failed:
        raise failed[0]
    return len(wanted) / took
