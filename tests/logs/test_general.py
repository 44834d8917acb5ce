"""Words that anybody may use are read, whoever uses them: with an image as its failure, without one as what they mean."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pullscope.cli.exits import Complaint
from pullscope.cli.source import read_trace
from pullscope.logs import forms
from pullscope.logs.error_message import read
from pullscope.logs.general import answered, failed

IMAGE = "ghcr.io/team/app:1.0"
ASKED = "https://ghcr.io/v2/team/app/manifests/1.0"
STATUSES = {
    401: "Unauthorized|authentication failed|invalid username or password|You are not logged in|token expired|no credentials|"
    "Request failed with status code 401|error 401",
    403: "Forbidden|Access Denied|not authorized to pull|HTTP/1.1 403 Forbidden|"
    "The remote server returned an error: (403) Forbidden.|"
    "Response status code does not indicate success: 403 (Forbidden).",
    404: "Not Found|image not found|tag not found|does not exist|Response code 404 (Not Found)|status: 404",
    413: "Request Entity Too Large|payload too large",
    429: "Too Many Requests|rate limit exceeded|You have reached your pull rate limit|Rate exceeded",
    451: "HTTP 451",
    502: "returned 502|Bad Gateway",
    503: "Service Unavailable|got status 503",
    504: "Gateway Time-out",
}
FAILURES = {
    "no DNS server gave": "getaddrinfo EAI_AGAIN ghcr.io|Temporary failure in name resolution|server misbehaving",
    "no address is known": "getaddrinfo ENOTFOUND ghcr.io|[Errno -2] Name or service not known|Could not resolve host: ghcr.io|"
    "java.net.UnknownHostException: ghcr.io|No such host is known. (ghcr.io:443)|"
    "The remote name could not be resolved: 'ghcr.io'|"
    "failed to lookup address information: Name does not resolve|DNS lookup failed",
    "connection was refused": "connect ECONNREFUSED 10.0.0.7:5000|java.net.ConnectException: Connection refused|"
    "No connection could be made because the target machine actively refused it.|[Errno 111] Connection refused",
    "answered in time": "Connection timed out|connect ETIMEDOUT 34.1.2.3:443|Read timed out.|"
    "operation timed out after 300 seconds|"
    "java.net.SocketTimeoutException: Read timed out|context deadline exceeded",
    "no route": "Network is unreachable|No route to host|connect EHOSTUNREACH 10.0.0.7:443",
    "gave no answer": "read ECONNRESET|socket hang up|Connection reset by peer|write: broken pipe|"
    "An existing connection was forcibly closed by the remote host.",
    "certificate": "UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|invalid peer certificate: UnknownIssuer|"
    "CERT_HAS_EXPIRED|Hostname/IP does not match certificate's altnames|"
    "The remote certificate is invalid according to the validation procedure: UntrustedRoot",
    "does not speak TLS": "SSL routines:ssl3_get_record:wrong version number",
    "its proxy": "Proxy Authentication Required|Tunnel connection failed: 407|Unable to connect to proxy",
}
NO_ANSWERS = {
    "disk": "not enough disk space|ENOSPC",
    "memory": "Killed|out of memory|exit code 137",
    "another processor": "exec format error",
    "no build for that platform": 'no image found in manifest list for architecture "arm64"|'
    "does not support platform linux/arm64",
    "not those that the digest names": "digest mismatch|hash mismatch|gzip: invalid header",
    "not one": "invalid image name",
    "quota": "storage quota exceeded",
    "maintenance": "the registry is in maintenance mode",
    "container did not start": "OCI runtime create failed: runc create failed|Readiness probe failed: HTTP probe failed|"
    "driver failed programming external connectivity: bind: address already in use",
    "helper for logins": "credentials not found in native keychain",
}


def _rows(table: Mapping[int, str] | Mapping[str, str] | Mapping[int | str, str]) -> list[tuple[object, str]]:
    return [(means, words) for means, several in table.items() for words in several.split("|")]


@pytest.mark.parametrize(("status", "words"), _rows(STATUSES))
@pytest.mark.parametrize("around", [f'Failed to pull "{IMAGE}": %s', f"step 3: could not get image {IMAGE} (%s)"])
def test_a_phrase_of_a_status_is_the_answer_to_the_image_that_is_named(status: int, words: str, around: str) -> None:
    (one,) = read([around % words])

    assert (one.method, one.url, one.status) == ("GET", ASKED, status)


@pytest.mark.parametrize(("means", "words"), _rows(FAILURES))
def test_what_a_runtime_says_of_a_connection_is_why_no_answer_came(means: str, words: str) -> None:
    trace, _ = read_trace(f"deploy: Error: cannot pull image {IMAGE}: {words}")

    assert any(means in finding.message for pull in trace.pulls for finding in pull.findings)


@pytest.mark.parametrize(("means", "words"), _rows(NO_ANSWERS))
@pytest.mark.parametrize("around", ["Error: %s", f'Failed to pull "{IMAGE}": %s'])
def test_what_is_no_answer_is_told_as_what_it_means(means: str, words: str, around: str) -> None:
    with pytest.raises(Complaint, match=rf"means: .*{means}"):
        read_trace(around % words)


@pytest.mark.parametrize("words", [words for _, words in _rows(STATUSES | FAILURES | NO_ANSWERS)])
def test_it_is_a_message_by_itself(words: str) -> None:
    assert forms.form_of(f"Error: {words}") is forms.MESSAGE


@pytest.mark.parametrize(
    "text",
    [
        "sh: docker: command not found",
        "step config.yaml not found",
        "the login may not be required",
        "took 404 ms",
        "exit code 404",
        "image sha256:401abc",
        "access_denied_total 0",
        "port 8403/tcp",
        "error: timed out waiting for the condition",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert answered(text) is None
    assert failed(text) is None


@pytest.mark.parametrize(
    "text",
    [
        f"Docker API call to 'localhost/v1.24/images/{IMAGE}/json' failed with status code 500 \"Internal Server Error\"",
        f"Error while pushing image '{IMAGE}' (code: 500, Internal Server Error)",
        f"Successfully pulled image {IMAGE}\nError: Unauthorized",
        f"image: {IMAGE}\nerror NU1301: Unable to load the service index.\n  Response: 401 (Unauthorized).",
        'Image: nginx:1.25\nReadiness probe failed: Get "http://10.1.1.1/health": dial tcp 10.1.1.1:80: connection refused',
        "image: postgres:15\nweb_1  | Error: connect ECONNREFUSED 127.0.0.1:5432",
        f"docker run {IMAGE}\nrequests.exceptions.ConnectionError: HTTPConnectionPool(host='api'): Connection refused",
        f"deploying image: {IMAGE}\nkubectl apply: error: You must be logged in to the server (Unauthorized)",
        f"docker run {IMAGE}\nUnable to download model weights: Connection timed out",
        f"docker run -d {IMAGE}\nError: failed to push metrics: connection refused",
        f"docker run {IMAGE}\nError: schema registry returned 401",
        f"image: {IMAGE}\nfailed to upload artifact app.zip: 403 Forbidden",
        f"Using image {IMAGE} ...\nerror: git pull failed: Connection timed out",
        f"Running tests against {IMAGE}\nFAIL login.test.js: expected 200, received 401 (Unauthorized)",
    ],
)
def test_what_is_of_something_else_is_no_answer_of_the_registry(text: str) -> None:
    assert list(read(text.splitlines())) == []


def test_a_host_that_is_named_is_the_one_that_was_not_found() -> None:
    """And not the image's."""
    with pytest.raises(Complaint, match=r"dig \+short cdn\.example\.com "):
        read_trace(f'Failed to pull "{IMAGE}": getaddrinfo ENOTFOUND cdn.example.com')


def test_a_status_with_its_name_is_a_message_without_another_word_of_trouble() -> None:
    (one,) = read(["upload of layer 3/7 to harbor.example.com/proj/app:1 aborted (413 Payload Too Large)"])

    assert one.status == 413
    assert forms.form_of("upload of layer 3/7 aborted (413 Payload Too Large)") is forms.MESSAGE


@pytest.mark.parametrize(
    ("text", "host", "status"),
    [
        ("Error: failed to login to registry.example.com: 401 Unauthorized", "registry.example.com", 401),
        ("could not log in to registry ghcr.io (Forbidden)", "ghcr.io", 403),
        ("Authentication with reg.example.com:5000 failed: invalid credentials", "reg.example.com:5000", 401),
        ("The credentials for registry.gitlab.com are invalid: Access denied", "registry.gitlab.com", 403),
    ],
)
def test_a_login_at_a_host_that_is_named_was_refused_there(text: str, host: str, status: int) -> None:
    (one,) = read([text])

    assert (one.url, one.status) == (f"https://{host}/v2/", status)
    assert ("Authorization", "Basic") in one.sent


@pytest.mark.parametrize(
    "text",
    [
        "Login failed for user ann: Unauthorized",
        "failed to login to registry.example.com: connection refused",
        "login to registry.example.com first (https://docs.example.com/login)",
        "npm ERR! 401 Unauthorized - authenticate with registry.npmjs.org",
    ],
)
def test_a_login_without_a_host_or_an_answer_is_none(text: str) -> None:
    assert list(read([text])) == []
