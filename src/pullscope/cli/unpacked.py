"""A file that was packed with gzip (a rotated log, an attachment), read as what is in it."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING, BinaryIO

from pullscope.cli.exits import Complaint

if TYPE_CHECKING:
    from typing_extensions import Buffer

MOST = 1024 * 1024 * 1024
"""Bytes that are unpacked: a file of a few megabytes may hold terabytes of zeros."""


def unpacked(file: BinaryIO, name: str) -> BinaryIO:
    """The file, or what is in it; one that was cut off ends where it was cut."""
    peek = getattr(file, "peek", None)
    packed = peek is not None and peek(2)[:2] == b"\x1f\x8b"
    return io.BufferedReader(_Unpacked(file, name)) if packed else file


class _Unpacked(io.RawIOBase):
    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name, self._seen = file, name, 0
        self._inner = gzip.GzipFile(fileobj=file)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        try:
            got = self._inner.read1(len(view))
        except EOFError:
            return 0
        except (gzip.BadGzipFile, zlib.error):
            raise Complaint(f"{self._name} is a damaged gzip file.") from None
        self._seen += len(got)
        if self._seen > MOST:
            raise Complaint(f"{self._name} is larger than 1 GiB unpacked: cut out the part that matters.")
        view[: len(got)] = got
        return len(got)

    def close(self) -> None:
        self._inner.close()
        self._file.close()
        super().close()
