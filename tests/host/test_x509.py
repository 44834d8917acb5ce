"""One CA certificate and nothing else is what docker is told to trust."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509 as library
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from tests.host.fake_machine import AUTHORITY, SYSTEM_CA

from pullscope.host import x509

KEY = ec.generate_private_key(ec.SECP256R1())
NAME = library.Name([library.NameAttribute(NameOID.COMMON_NAME, "x")])
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def certificate(ca: bool | None) -> bytes:
    made = (
        library.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    if ca is not None:
        made = made.add_extension(library.BasicConstraints(ca, None), critical=True)
    return made.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


PRIVATE = [
    KEY.private_bytes(Encoding.PEM, form, NoEncryption())
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
]
GOOD = AUTHORITY.encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"root:$y$j9T$x:19000::::::\n", "holds no certificate"),
        (ssl.PEM_cert_to_DER_cert(AUTHORITY), "holds no certificate"),
        (PRIVATE[0], "holds a private key"),
        (PRIVATE[1], "holds a private key"),
        (GOOD + PRIVATE[0], "holds a private key"),
        (PRIVATE[1] + GOOD, "holds a private key"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n", "holds a private key"),
        (GOOD + SYSTEM_CA.encode(), "holds 2 certificates"),
        (GOOD * 3, "holds 3 certificates"),
        (b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n", "holds no certificate"),
        (GOOD + b"-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----\n", "holds no certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "cannot be read"),
        (GOOD[:-40], "cannot be read"),
        (certificate(ca=False), "is not a CA"),
        (certificate(ca=None), "is not a CA"),
    ],
)
def test_what_is_not_one_ca_certificate_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    """A key, none, several, another kind of object, one that is not a CA."""
    with pytest.raises(ValueError, match=reason):
        x509.authority(content)


def test_only_the_certificate_comes_out() -> None:
    """Text around it in the file stays there."""
    assert x509.authority(b"password=hunter2\n" + GOOD + b"trailing secret\n") == AUTHORITY
    made = certificate(ca=True)
    assert x509.authority(made).encode() == made


@given(st.binary(max_size=300), st.integers(0, len(GOOD)))
def test_any_bytes_are_a_ca_or_a_sentence(noise: bytes, at: int) -> None:
    """Whatever lies in the file: the certificate alone comes out, or ValueError with a reason of ours."""
    for content in (noise, GOOD[:at] + noise + GOOD[at:], GOOD[:at] + noise):
        try:
            found = x509.authority(content)
        except ValueError as error:
            assert str(error).startswith(("is empty", "holds "))  # noqa: PT017  # both ends are right
        else:
            assert found.startswith("-----BEGIN CERTIFICATE-----\n")
            assert len(library.load_pem_x509_certificates(found.encode())) == 1


def test_the_end_of_a_certificate_is_read() -> None:
    """None where there is none to read."""
    assert x509.not_after(certificate(ca=True).decode()) == NOW + timedelta(days=1)
    for text in ("", "x", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "é"):
        assert x509.not_after(text) is None
