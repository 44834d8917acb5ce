"""The machine's TCP as segments, for as long as a `with` block: what opens and ends connections, and what begins messages.

packet(7), and a filter in the kernel (classic BPF, bpf(4)) that lets pass: SYN, FIN, RST, and payloads that begin as a TLS
record or an http message does. So a layer of a gigabyte costs next to nothing. Only Linux, only root.
"""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pullscope.host import HostError

Place = tuple[str, int]
"""An address and a port."""

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
_EVERYTHING, _TCP = 0x0003, 6
_OUTGOING, _LOOPBACK = 4, 772
_SOL_PACKET, _STATISTICS = 263, 6
_ATTACH_FILTER, _RECEIVE_BUFFER_FORCE = 26, 33
"""asm-generic/socket.h; Python names neither."""
_LONGEST = 4096
"""Bytes of each packet that are looked at."""

_LAST_LOOK = 0.4
"""Seconds for which what is there already is still read; a machine is never quiet."""

_DROP, _TAKE = "drop", "take"
# (code, k, jump if true, jump if false) of struct sock_filter; a jump names a label, "" is the next line.
_PROGRAM: dict[str, tuple[tuple[int, int, str, str], ...]] = {
    "": (
        (0x30, 0, "", ""),  # A = first byte
        (0x74, 4, "", ""),  # A >>= 4
        (0x15, 4, "ip4", ""),
        (0x15, 6, "ip6", _DROP),
    ),
    "ip4": (
        (0x30, 9, "", ""),
        (0x15, _TCP, "", _DROP),
        (0x28, 6, "", ""),
        (0x45, 0x1FFF, _DROP, ""),  # a later fragment
        (0xB1, 0, "", ""),  # X = length of the header
        (0x05, 0, "tcp", ""),
    ),
    "ip6": (
        (0x30, 6, "", ""),
        (0x15, _TCP, "", _DROP),
        (0x01, 40, "", ""),
    ),
    "tcp": (
        (0x50, 13, "", ""),  # the flags
        (0x45, SYN | FIN | RST, _TAKE, ""),
        (0x50, 12, "", ""),
        (0x74, 4, "", ""),
        (0x64, 2, "", ""),
        (0x0C, 0, "", ""),  # A += X
        (0x07, 0, "", ""),  # X = A: where the payload is
        (0x50, 0, "", ""),  # its first byte; a load past the end drops the packet
        *((0x15, first, _TAKE, "") for first in b"\x14\x15\x16\x17GHC"),
        (0x15, ord("P"), _TAKE, _DROP),
    ),
    _TAKE: ((0x06, _LONGEST, "", ""),),
    _DROP: ((0x06, 0, "", ""),),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """One TCP segment, as far as it is looked at."""

    source: Place
    target: Place
    flags: int
    data: bytes = b""


class Packets:
    """`with Packets(feed)`: what passes meanwhile is handed to `feed`, in a thread of its own."""

    def __init__(self, feed: Callable[[Segment], None]) -> None:
        self._feed = feed
        self._end: float | None = None
        self.missed = 0
        """Packets that the kernel dropped because the buffer was full; known at the end."""
        self._thread = threading.Thread(target=self._run, name="pullscope-packets", daemon=True)
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERYTHING))
        except (OSError, AttributeError) as error:
            raise HostError(f"the connections of a daemon can be watched by root on Linux only ({error})") from error
        program = _assembled()
        code = ctypes.create_string_buffer(program)
        head = struct.pack("HL", len(program) // 8, ctypes.addressof(code))
        self._socket.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, head)  # the kernel copies it
        with contextlib.suppress(PermissionError):
            self._socket.setsockopt(socket.SOL_SOCKET, _RECEIVE_BUFFER_FORCE, 16 << 20)
        self._socket.settimeout(_LAST_LOOK / 2)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end = time.monotonic() + _LAST_LOOK
        self._thread.join()
        statistics = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 8)
        self.missed = struct.unpack("II", statistics)[1]
        self._socket.close()

    def _run(self) -> None:
        while True:
            if self._end is not None and time.monotonic() > self._end:
                return
            try:
                data, (_, _, kind, hardware, _) = self._socket.recvfrom(_LONGEST)
            except TimeoutError:
                continue
            # each packet of lo is there twice
            segment = None if (kind, hardware) == (_OUTGOING, _LOOPBACK) else read(data)
            if segment is not None:
                self._feed(segment)


def read(packet: bytes) -> Segment | None:
    """A packet from its IP header on; None for what is not TCP."""
    try:
        if packet[0] >> 4 == 4:
            at, end, wide = (packet[0] & 15) * 4, int.from_bytes(packet[2:4]), packet[9] == _TCP
            source, target = packet[12:16], packet[16:20]
        else:
            at, end, wide = 40, 40 + int.from_bytes(packet[4:6]), packet[6] == _TCP
            source, target = packet[8:24], packet[24:40]
        if not wide:
            return None
        ports = struct.unpack_from("!HH", packet, at)
        begin = at + (packet[at + 12] >> 4) * 4
        flags = packet[at + 13]
        places = [str(_plain(ipaddress.ip_address(bytes(raw)))) for raw in (source, target)]
    except (IndexError, ValueError, struct.error):
        return None
    # A segment that the card is to cut up may say no length.
    data = packet[begin:end] if end > begin else packet[begin:] if end <= at else b""
    return Segment(source=(places[0], ports[0]), target=(places[1], ports[1]), flags=flags, data=data)


def _plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _assembled() -> bytes:
    """The filter as the kernel takes it: jumps count the lines that are passed over."""
    lines: list[tuple[int, int, str, str]] = []
    labels: dict[str, int] = {}
    for label, block in _PROGRAM.items():
        labels[label] = len(lines)
        lines.extend(block)
    return b"".join(_line(number, line, labels) for number, line in enumerate(lines))


def _line(number: int, line: tuple[int, int, str, str], labels: dict[str, int]) -> bytes:
    code, k, true, false = line
    jumps: Sequence[int] = [labels[label] - number - 1 if label else 0 for label in (true, false)]
    if code == 0x05:  # an unconditional jump has its distance in k
        return struct.pack("HBBI", code, 0, 0, jumps[0])
    return struct.pack("HBBI", code, *jumps, k)
