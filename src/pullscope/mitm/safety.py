"""The net under an observer: an exception of ours goes no further than this file.

mitmproxy catches what an addon's hook raises, and only that. What it calls beside hooks (the function that a body streams
through, the file that its log is printed to) and what the event loop calls gets its net here. A net holds only
plain Python: no method of ours stands outside of one, so that one that is broken cannot stop a body or a client.
"""

from __future__ import annotations

import io
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Any, Protocol

from mitmproxy import http

OnError = Callable[[str, Exception], None]
"""Is told where an error of ours was, and which."""

After = Callable[[bytes], Iterable[bytes] | bytes] | bool
"""What `message.stream` can be."""


class Sees(Protocol):
    """What a body streams past."""

    lost: bool
    """Set when it could not go on: what it knows is not the body's."""

    def see(self, data: bytes) -> None: ...


def stream_past(
    seer: Sees,
    *,
    after: After = False,
    on_error: OnError = lambda *_: None,
    unless_answered: http.HTTPFlow | None = None,
) -> Callable[[bytes], bytes | list[bytes]]:
    """A stream function for mitmproxy (`message.stream`): each chunk is seen, none is changed or held back.

    `after` is what another addon has set to stream with: it keeps its say, and `seer` sees what it makes. With a flow in
    `unless_answered` it is false once that has an answer: mitmproxy (11 and 12) crashes where a request that streams has
    been answered by an addon, and looks whether it streams after every addon had its say.
    """
    flow = weakref.ref(unless_answered) if unless_answered is not None else None
    stream: Callable[[bytes], bytes | list[bytes]] = _stream()(seer, after if callable(after) else None, on_error, flow)
    return stream


def seen_by(stream: object) -> Any:
    """What a body streams past, by its stream function; None if that is not ours."""
    return getattr(stream, "seer", None) if isinstance(stream, _stream()) else None


@cache
def _stream() -> Any:
    """Made in here, for it is the net itself: it is not part of what may fail."""

    class Stream:
        __slots__ = ("after", "flow", "on_error", "seer")

        def __init__(self, seer: Sees, after: Any, on_error: OnError, flow: Any) -> None:
            self.seer, self.after, self.on_error, self.flow = seer, after, on_error, flow

        def __call__(self, data: bytes) -> bytes | list[bytes]:
            if self.after is None:
                chunks: list[bytes] = [data]
            else:
                made = self.after(data)
                chunks = [made] if isinstance(made, bytes) else [*made]
            if not self.seer.lost:
                try:
                    for chunk in chunks:
                        self.seer.see(chunk)
                except Exception as error:
                    self.seer.lost = True
                    with suppress(Exception):
                        self.on_error("a body", error)
            return data if self.after is None else chunks

        def __bool__(self) -> bool:
            if self.flow is None:
                return True
            flow = self.flow()
            return flow is not None and flow.response is None

    return Stream


def caught(work: Callable[[], object], on_error: Callable[[Exception], None]) -> Callable[[], None]:
    """`work` for the event loop or a thread to call; an exception in it is handed to `on_error`."""

    def call() -> None:
        try:
            work()
        except Exception as error:
            with suppress(Exception):
                on_error(error)

    return call


def printing_to(emit: Callable[[str], None], otherwise: Any) -> io.TextIOBase:
    """A text file that hands on what is printed to it; to the file `otherwise` once that has failed."""

    class File(io.TextIOBase):
        def writable(self) -> bool:
            return True

        def write(self, text: str) -> int:
            nonlocal emit
            try:
                emit(text)
            except Exception:
                emit = otherwise.write
                emit(text)
            return len(text)

    return File()
