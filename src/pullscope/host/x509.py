"""The one thing we must know of a certificate without a library: when it ends (RFC 5280, 4.1; X.690 for the bytes)."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime


def not_after(pem: str) -> datetime | None:
    """The end of a certificate's validity, None where it cannot be read."""
    try:
        der = ssl.PEM_cert_to_DER_cert(pem.strip())
        _, certificate, _ = _element(der, 0)
        _, body, _ = _element(der, certificate)
        tag, at, end = _element(der, body)
        if tag == 0xA0:  # [0] version
            _, at, end = _element(der, end)
        for _ in range(2):  # serialNumber is behind us: signature, issuer
            _, at, end = _element(der, end)
        _, at, _ = _element(der, end)  # validity
        _, _, end = _element(der, at)  # notBefore
        tag, at, end = _element(der, end)
        text = der[at:end].decode("ascii")
        form = "%y%m%d%H%M%SZ" if tag == 0x17 else "%Y%m%d%H%M%SZ"
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except (ValueError, IndexError, UnicodeDecodeError):
        return None


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, begin and end of the content of the element at `at`."""
    tag, length, begin = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    if begin + length > len(data):
        raise ValueError("cut off")
    return tag, begin, begin + length
