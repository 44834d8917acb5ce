"""What a client's own sentence says of the answer behind it: its status and the registry's words, or why there was none."""

from __future__ import annotations

import json
import re

from pullscope.logs.entries import unquoted
from pullscope.oci.statuses import NAMES

# The words of docker/distribution's errcode as it prints them (`unauthorized: authentication required`) and the statuses it
# gives them (registry/api/errcode/register.go, api/v2/errors.go); the last is Harbor's (sigstore/cosign#3163). The first that
# is found wins: `denied` stands beside `unauthorized` where a 401 says insufficient_scope (registry/client/errors.go), seen with
# skopeo and dockerd.
_CODES = [
    (words, int(status))
    for words, status in re.findall(
        r"([a-z ]+?) (\d+)",
        "manifest blob unknown 400,unauthorized 401,toomanyrequests 429,manifest unknown 404,name unknown 404,blob unknown 404,"
        "unsupported 405,denied 403,name invalid 400,manifest invalid 400,tag invalid 400,digest invalid 400,unavailable 503,"
        "blob upload unknown 404,blob upload invalid 400,size invalid 400,range invalid 416,projectpolicyviolation 412",
    )
]
_DESCRIPTIONS = {
    "repository name not known to registry": "name unknown",
    "blob unknown to registry": "blob unknown",
    "blob upload unknown to registry": "blob upload unknown",
    "provided digest did not match uploaded content": "digest invalid",
    "provided length did not match content length": "size invalid",
    "invalid repository name": "name invalid",
    "manifest tag did not match URI": "tag invalid",
}
"""What stands for a code where its client leaves that out: containers/image (run: skopeo 1.22, podman 5.8)."""
_DESCRIBED = re.compile(rf"(?<=: )(?:{'|'.join(_DESCRIPTIONS)})\Z")
PUSHES = re.compile(
    r"(?<![/\w.-])[Pp]ush(?!\w*[:/@.-]\w)|%3A(?:pull%2C)?push|presence of layer|destination registry|ecr:(?:Init|Put|Upl|Compl)"
)
"""Words of a push, beside the name of an image, which may be called so."""
_STATUS = re.compile(
    r"(?:HTTP status:?|StatusCode:|[Ss]tatus code(?: from registry| \[[^\]]*\])?:?|"
    r"[Uu]nexpected status(?: code)?(?: \S+(?=: ))??:?|"
    r"status=|\[http|\bHTTP(?= [45]\d\d: )|[Uu]nexpected(?= [45]\d\d response status)|"
    r"returned(?: error code|(?= [45]\d\d:))|, status(?= [45]\d\d\W*\Z)|[Hh]ttp code:|[Ff]ailed with status:|"
    r"response from registry:|"
    r"^(?=\\*\"?[45]\d\d(?:\W*\Z|:| \(?[A-Z]| page not found| retryCount))|"
    r"(?=\d+ (?:Client|Server) Error: )) ?\\*\"?([2-5]\d{2})\b(?!\.\d|/)"
)
_PHRASES = "|".join(rf"{status} \(?(?i:{'|'.join(names)})" for status, names in NAMES.items() if status >= 400)
NAMED = re.compile(rf"\b(?={_PHRASES})(\d{{3}})")
"""A status with its own words (RFC 9110)."""
_QUOTED = re.compile(
    r"(?:parsing HTTP (?=\d{3} response body: .*? value: )|StatusCode: (?=\d{3}, ))(\d{3})(?: .*? value: |, )"
    r'(\\*".*?\\*")(?=\W*\Z)',
    re.DOTALL,
)
"""How docker quotes an answer that is no document (distribution registry/client/errors.go), and containers/image."""
_A_PAGE = re.compile(r"parsing HTTP (\d{3}) response body: invalid character '<'")
"""The same where the answer is left out: all that is known of it is how it begins."""
_UNQUOTED = re.compile(r"(?:unexpected status code \d{3} [\w ]*:|status code \d{3}; body:) (\S.*)", re.DOTALL)
"""An answer that is no error of a registry, as go-containerregistry prints it (transport/error.go)."""
_OTHER_CODE = re.compile(r"([A-Z]+_[A-Z_]+|FORBIDDEN|PRECONDITION): (?!.*(?:dial tcp|EOF$))(\S.*)\Z", re.DOTALL)
"""A code that is none of the specification's, as Harbor has them, where its client tells that alone (run: crane 0.20)."""
_NO_TOKEN = re.compile(
    r"empty token returned\Z|(?:decoding bearer token|failed to decode response).*(: invalid character '<')", re.DOTALL
)
"""A token server's 200 that has no token, or is a page (run: oras 1.3, skopeo 1.22)."""
_DETAIL = re.compile(r"[;:] \[?map\[(?:(?:message|description):(.{20,300}))?.*")
"""What go-containerregistry prints of an error's `detail`, and the reason in it (google/go-containerregistry#2078)."""
_FRAMES = re.compile(r"\s+at (?:[\w$]+\.){2,}[\w$<>]+\(.*", re.DOTALL)
"""Where in a program it was thrown, as Java and .NET print it behind the words."""
_DOCUMENT = re.compile(r'\{ *\\*"errors\\*" *: *\[.*\]\s*\}', re.DOTALL)
"""The error body of distribution-spec 1.1, "Error Codes", where a client prints it as it came."""
_NESTED = re.compile(r"\bunknown: (http status code: (\d{3}), body: .*)", re.DOTALL)
"""Harbor's core, of what its own registry said (goharbor/harbor#14902)."""
_DENIED = (
    "requested access to the resource is denied|access denied for |(?:pull|push) access denied|does not exist or no pull access|"
    "insufficient_scope|no basic auth credentials|credential required for basic auth|"
    "basic credential not found|RegistryUnauthorizedException|invalid username/password|"
    "Bad credentials|"
    "(?<![Pp]roxy )[Aa]uthentication (?:is )?required"
)
"""moby distribution/errors.go, before 18.09 too; insufficient_scope; jib's api; Artifactory; firecow/gitlab-ci-local#856."""
_SAYS = (
    (_DENIED, 401),
    ("(?<!for )unknown error", 500),  # UNKNOWN in errcode/register.go; a kubelet's "for unknown error" is its own
    (r"\Aunknown: .*\bnot found\b", 404),  # apache/airflow-on-k8s-operator#31: a project of Google's that is gone
    (r'registry for "\S+": unknown: ', 500),  # UNKNOWN of a failure, as oras 1.3 tells it (run)
    ("cannot be overwritten because the (?:repository|tag) is immutable", 400),
    ("too many failed login attempts", 429),  # Docker Hub: docker/compose#3562
    # containerd and oras, cosign, Quay of old (UKHomeOffice/kb8or#68), Cloud Run (google-github-actions/deploy-cloudrun#465)
    # docker of old (docker/docker-py#1287), Harbor (goharbor/harbor#19067)
    (r": (?:(?:image|artifact|repository) [\w./:@-]+ |entity )?not found(?! or)| not found: manifest unknown", 404),
    (r"error: not in registry: \S+/", 404),  # charliecloud: hpc/charliecloud#1184
    (r"Tag \S+ not found in repository|(?<!returned error: )manifest for \S+ not found|Image '.*' not found", 404),
)
_NO_ANSWER = re.compile(
    r"proxyconnect|dial tcp|(?:read|write) tcp \S+: |dns error|no such host|connection (?:refused|reset|timed out)|i/o timeout|"
    r"deadline exceeded|Client\.Timeout|x509:|tls:|EOF|network is unreachable|no route to host|gave HTTP response to HTTPS|"
    r"getaddrinfo E\w+|(?<=\] failed: )connect(?:ion)? (?:timed out|refused)|Name or service not known|"
    r"certificate verify failed|SSL routines|UnknownHostException|unknown host: |SSLHandshakeException|PKIX path|"
    r"peer not authenticated|only secure connections are allowed",
    re.IGNORECASE,
)
"""Of Go, OpenSSL, Python, Java, Bazel, Node.js and Rust's hyper."""
NONE_SHOWN = re.compile(r"no basic auth credentials|credential required for basic auth|basic credential not found")
"""Basic was wanted, and the client has no login for that host: distribution registry/client/auth/session.go, containerd
core/remotes/docker/authorizer.go, oras-go registry/remote/auth/client.go."""
ANONYMOUS = re.compile("fetch anonymous token")
"""The same of a token: with a login containerd fetches an oauth token (core/remotes/docker/authorizer.go)."""
LONGEST_SENTENCE = 4_000
"""Characters of a message that are looked at."""
URL_ERROR = re.compile(r'\b(Get|Head|Post|Put|Patch|Delete) \\?"?(https?://[^\s"\\]+?)\\?"?: (.+)', re.DOTALL)
"""How Go's net/url prints what became of a request (url.Error); without quotes before Go 1.14."""


def answer_of(text: str) -> tuple[int, bytes | None] | None:
    """The status that the words name or stand for, and the answer's own words as a body; None where they do neither."""
    if quoted := _QUOTED.search(text):
        return int(quoted[1]), unquoted(quoted[2]).encode()
    if page := _A_PAGE.search(text):
        return int(page[1]), None
    if (page := _NO_TOKEN.search(text)) is not None:
        start = re.search(r'body start \\*"(.*?)\\*"\)', text, re.DOTALL)
        return 200, (start[1] if start else "<html>" if page[1] else "{}").encode()
    found = _STATUS.search(text) or NAMED.search(text)
    status = int(found[1]) if found else None
    if nested := _NESTED.search(text):
        return int(nested[2]), json.dumps({"errors": [{"code": "UNKNOWN", "message": nested[1]}]}).encode()
    if document := _DOCUMENT.search(text):
        quoted_body = document[0].replace('\\"', '"')
        code = re.search(r'"code" *: *"([A-Z_]+)"', quoted_body)
        meant = dict(_CODES).get(code[1].lower().replace("_", " ")) if code is not None else None
        if status is not None or meant is not None:
            return status or meant or 0, quoted_body.encode()
    if status is not None and (other := _UNQUOTED.search(text)):
        return status, other[1].encode()
    said = next((stands_for for words, stands_for in _SAYS if re.search(words, text)), None)
    for words, stands_for in _CODES:
        code = words.upper().replace(" ", "_")
        if told := re.search(
            rf"\b(?:{words}|{code})(?:: ([^\n]+)|(?<=unknown)$)|(?:\A|[:\n] ?|\(\W?){words}(?:\W?\))?\Z", text
        ):
            message = _DETAIL.sub(lambda more: f": {more[1]}" if more[1] else "", told[1] or words).strip()
            message = _FRAMES.sub("", message)
            message = re.sub(r"';?\W*\Z", "", message) if message.count("'") % 2 else message
            if message.count('"') % 2 or (message[-1:] == "]" and "[" not in message):
                message = re.sub(r"[\"')\]\s]+\Z", "", message)
            body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
            return status or said or stands_for, body
    if status is None and said is None and (other := _OTHER_CODE.match(text)):
        body = json.dumps({"errors": [{"code": other[1], "message": other[2]}]}).encode()
        return 404 if "NOT_FOUND" in other[1] else 400, body
    if described := _DESCRIBED.search(text):
        words = _DESCRIPTIONS[described[0]]
        body = json.dumps({"errors": [{"code": words.upper().replace(" ", "_"), "message": described[0]}]}).encode()
        return status or dict(_CODES)[words], body
    status = status or said
    if status is not None and (
        other := re.search(
            r"\bunknown: ([^:\n{]+|(?:artifact|repository) \S+ not found|Project '\S+' not found or deleted)\W?\Z", text
        )
    ):
        return status, json.dumps({"errors": [{"code": "UNKNOWN", "message": other[1].strip()}]}).encode()
    return (status, None) if status is not None else None


def failure_of(text: str) -> str | None:
    """Why there was no answer, if that is what the words say."""
    told = URL_ERROR.search(text)
    if told:
        return told[3].strip()
    why = _NO_ANSWER.search(text)
    return text[why.start() :].partition(" -> [Help")[0].strip() if why is not None else None
