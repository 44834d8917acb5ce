"""mitmproxy's directory, as root reads it."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509 as library
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from tests.host.fake_machine import AUTHORITY, SYSTEM_CA

from pullscope.host import HostError, trust


def test_the_ca_is_copied_for_its_owner_only(tmp_path: Path) -> None:
    """The three files of a CA, whatever their mode was; nothing else, and none that is not there."""
    theirs, home = tmp_path / "theirs", tmp_path / "home"
    theirs.mkdir()
    home.mkdir()
    for name in ("mitmproxy-ca.pem", "mitmproxy-ca-cert.pem", "config.yaml"):
        (theirs / name).write_text(name)
    (theirs / "mitmproxy-ca.pem").chmod(0o666)
    trust.copy_ca(theirs, home)
    assert {path.name: path.read_text() for path in home.iterdir()} == {
        "mitmproxy-ca.pem": "mitmproxy-ca.pem",
        "mitmproxy-ca-cert.pem": "mitmproxy-ca-cert.pem",
    }
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a directory to another user")
@pytest.mark.parametrize("name", trust.CA_FILES)
@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_none_of_the_files_is_followed_or_waited_for(tmp_path: Path, name: str, kind: str) -> None:
    """Each of the three, in a directory of an ordinary user."""
    (tmp_path / "shadow").write_text("secret")
    theirs, home = tmp_path / "theirs", tmp_path / "home"
    theirs.mkdir()
    home.mkdir()
    os.chown(theirs, 65534, 65534)
    (theirs / name).symlink_to("../shadow") if kind == "link" else os.mkfifo(theirs / name)
    with pytest.raises(HostError, match=name):
        trust.copy_ca(theirs, home)
    assert list(home.iterdir()) == []


def test_the_certificate_is_a_ca_or_a_sentence_with_its_path(tmp_path: Path) -> None:
    """None where there is none yet."""
    assert trust.authority(tmp_path) is None
    place = tmp_path / "mitmproxy-ca-cert.pem"
    place.write_text("# a comment\n" + AUTHORITY)
    assert trust.authority(tmp_path) == AUTHORITY
    place.write_text("x")
    with pytest.raises(HostError, match=r"mitmproxy-ca-cert\.pem holds no certificate"):
        trust.authority(tmp_path)


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
        (b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "holds a damaged"),
        (GOOD[:-40], "holds a damaged"),
        (certificate(ca=False), "is not a CA"),
        (certificate(ca=None), "is not a CA"),
    ],
)
def test_what_is_not_one_ca_certificate_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    """A key, none, several, another kind of object, one that is not a CA."""
    with pytest.raises(ValueError, match=reason):
        trust.one_authority(content)


def test_only_the_certificate_comes_out() -> None:
    """Text around it in the file stays there."""
    assert trust.one_authority(b"password=hunter2\n" + GOOD + b"trailing secret\n") == AUTHORITY
    made = certificate(ca=True)
    assert trust.one_authority(made).encode() == made


@given(st.binary(max_size=300), st.integers(0, len(GOOD)))
def test_any_bytes_are_a_ca_or_a_sentence(noise: bytes, at: int) -> None:
    """Whatever lies in the file: the certificate alone comes out, or ValueError with a reason of ours."""
    for content in (noise, GOOD[:at] + noise + GOOD[at:], GOOD[:at] + noise):
        try:
            found = trust.one_authority(content)
        except ValueError as error:
            assert str(error).startswith(("is empty", "holds "))  # noqa: PT017  # both ends are right
        else:
            assert found.startswith("-----BEGIN CERTIFICATE-----\n")
            assert len(library.load_pem_x509_certificates(found.encode())) == 1


def test_the_end_of_a_certificate_is_read() -> None:
    """None where there is none to read."""
    assert trust.not_after(certificate(ca=True).decode()) == NOW + timedelta(days=1)
    for text in ("", "x", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "é"):
        assert trust.not_after(text) is None
