"""What a client says at its end is told as the one answer that it is; what names no request is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pullscope.cli.exits import Complaint
from pullscope.cli.source import read_trace
from pullscope.logs import forms
from pullscope.logs.error_message import read
from pullscope.logs.exchange import Exchange, header

MESSAGES = Path(__file__).parents[1] / "data" / "messages.txt"


def _messages(mark: str) -> dict[str, tuple[list[str], list[str]]]:
    """The messages of the file, and what each is: `->` an exchange, `=>` none, `::` words of the step that is advised."""
    blocks = [block for block in MESSAGES.read_text().split("\n== ")[1:] if f"\n{mark} " in block]
    lines = {block.partition("\n")[0]: block.splitlines()[1:] for block in blocks}
    return {
        name: (
            [line for line in each if line and not line.startswith(("-> ", "=> ", ":: "))],
            [line[3:] for line in each if line.startswith(f"{mark} ")],
        )
        for name, each in lines.items()
    }


SAID, NAMELESS, ADVISED = _messages("->"), _messages("=>"), _messages("::")


def _words(body: bytes) -> str:
    try:
        error = json.loads(body)["errors"][0]
    except (ValueError, KeyError):
        return body.decode().strip().replace("\r", "\\r").replace("\n", "\\n")
    return f"{error['code']}: {error['message']}"


def _told(every: Iterator[Exchange]) -> list[str]:
    told = []
    for one in every:
        ended = one.failure or " ".join([str(one.status), *([_words(one.body)] if one.body else [])])
        client, challenge = header(one.sent, "user-agent"), header(one.fields, "www-authenticate")
        told.append(
            f"{one.method} {one.url} > {ended}"
            + (f", {client}" if client else "")
            + (", with a login" if header(one.sent, "authorization") else "")
            + (f", told to ask {challenge}" if challenge else "")
        )
    return told


@pytest.mark.parametrize("name", SAID)
def test_a_message_is_the_answer_that_it_names(name: str) -> None:
    """Method, address, status or failure, the registry's words, the client, and whether a login was shown."""
    message, right = SAID[name]
    form = forms.form_of("\n".join(message))

    assert form is not None
    assert form.name == "error message"
    assert _told(read(message)) == right


@pytest.mark.parametrize("name", NAMELESS)
def test_a_message_that_names_no_exchange_is_explained(name: str) -> None:
    """What is no answer of a registry is none, whatever image is named."""
    message, (right,) = NAMELESS[name]

    with pytest.raises(Complaint, match=re.escape(right)):
        read_trace("\n".join(message))


@pytest.mark.parametrize("name", ADVISED)
def test_a_message_is_told_with_the_step_that_helps(name: str) -> None:
    """What to do, in the words of the tool that spoke."""
    message, steps = ADVISED[name]
    try:
        trace, _ = read_trace("\n".join(message))
        fixes = " ".join(found.fix for pull in trace.pulls for found in pull.findings)
    except Complaint as said:
        fixes = str(said)

    assert [step for step in steps if step not in fixes] == []


def test_what_is_told_again_and_again_is_one_failure() -> None:
    """The events of a pod repeat themselves, and so does a daemon that tries each endpoint."""
    message, right = SAID["alexjustesen/speedtest-tracker#566"]

    assert _told(read(message * 50)) == right


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
            "try again later, or log in",
        ),
        (
            "Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries",
            "--platform",
        ),
        (f"filesystem layer verification failed for digest sha256:{'d' * 64}", "not those of the digest"),
        ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", "the disk of this machine"),
        ("docker: invalid reference format.", "no registry was asked"),
        # GoogleContainerTools/jib#1578
        (
            "Required credentials for 192.168.3.151:18082/lionel-test were not sent because the connection was over HTTP",
            "-DsendCredentialsOverHttp=true",
        ),
        # containerd/nerdctl#2143
        (
            f'msg="download: Get \\"https://cdn.example/docker/registry/v2/blobs/sha256/19/19{"d" * 62}/data\\": EOF"',
            "let it through every firewall",
        ),
        # GuardBench/guardbench-iac#4
        (
            'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://b.s3.amazonaws.com/e/b": EOF',
            "let it through every firewall",
        ),
        (
            'level=fatal msg="trying to reuse blob: unable to retrieve auth token: no"',
            "put the command that failed above it",
        ),
    ],
)
def test_a_message_without_a_request_says_what_is_known(text: str, says: str) -> None:
    """Neither an address nor an image: nothing is guessed; the words are explained, or it is said what would help."""
    with pytest.raises(Complaint, match=says):
        read_trace(text)


@pytest.mark.parametrize(
    "text",
    [
        '192.0.2.7 - - [26/Nov/2026:10:00:00 +0000] "GET /v2/ HTTP/1.1" 401 87 "-" "docker/28.5.2"',
        "I1126 10:00:00.000000   1234 kubelet.go:2100] SyncLoop ADD source=api pods=[default/app]",
        "see https://registry.example/v2/: it is up",
        "docker pull team/app:1\n345e3491a907: Pull complete\nStatus: Downloaded newer image for team/app:1",
        'time="2024-07-17T11:00:37+08:00" level=info msg="RunPodSandbox for &PodSandboxMetadata{Name:mysql,}"',
        'Normal  Pulled  41s  kubelet  Successfully pulled image "registry.example/team/app:1" in 1.2s',
        "[INFO] Building image 'docker.io/library/app:1': pulling builder image 'docker.io/paketo/builder:1' 100%",
        "image registry.example/team/app:1 was pushed to the registry, and each node has it",
        "#24 pushing manifest for registry.example/team/app:1@sha256:0123 0.2s done",
        "Pushing registry.example:5000/team/app image ...",
        "#10 [web] pushing registry.example/team/app:1 with docker",
        "#10 pushing layer 5f70bf18a086 0.1s done",
        'INFO Finished updating wolfi/chainguard-base {:source=>"docker.elastic.co"}',
        "[8815 ms] [httpOci] Fetched bearer token for 'ghcr.io': HTTP 200: OK",
        "* Processing feature: ghcr.io/devcontainers/features/rust:1",
    ],
)
def test_other_text_is_no_message(text: str) -> None:
    assert forms.form_of(text) is None


def test_an_access_log_is_told_as_one() -> None:
    """It has the paths and statuses of a registry, and nothing to tell them by (distribution/distribution#397)."""
    line = '192.0.2.7 - - [22/Apr/2015:22:05:31 +0200] "GET /v2/ HTTP/1.1" 401 1233 "-" "docker/1.6.0 go/go1.4.2"'

    assert forms.untold(line).startswith("is a web server's access log, which has no headers")
    assert forms.untold("no log").startswith("is not a recording")


def test_headers_that_a_message_cannot_show_are_no_reason() -> None:
    """oras-project/oras#532: a manifest that was refused, of which the type is not in the message."""
    trace, _ = read_trace(
        f'Error: PUT "https://us-east4-docker.pkg.dev/v2/team/app/web/manifests/sha256:{"6" * 64}": '
        "unexpected status code 400: Bad Request"
    )

    (found,) = trace.pulls[0].findings
    assert found.code == "upload-refused"
    assert "Content-Type" not in found.fix


def test_a_proxy_that_does_not_listen_is_no_matter_of_dns() -> None:
    """The address is the proxy's, not the registry's; a name that leads to this machine stays one of DNS."""
    words = (
        'Error response from daemon: Get "https://quay.io/v2/": {}dial tcp 127.0.0.1:{}: connect: connection refused'
    )
    for via, port, says in (("proxyconnect tcp: ", 7890, "start the proxy program"), ("", 443, "correct what DNS")):
        trace, _ = read_trace(words.format(via, port))
        (found,) = trace.pulls[0].findings
        assert found.fix.startswith(says)


def test_a_mirror_is_set_in_the_folder_of_its_registry() -> None:
    """containerd's docs/hosts.md: certs.d/REGISTRY/hosts.toml names the mirrors, and a registry has its own."""
    words = (
        'Failed to pull image "nginx:1": failed to pull and unpack image "docker.io/library/nginx:1": failed to do request: '
        'Head "https://{}/v2/library/nginx/manifests/1{}": http: server gave HTTP response to HTTPS client'
    )
    for host, ns, folder in (
        ("mirror.example:5000", "?ns=docker.io", "docker.io"),
        ("r.example:5000", "", "r.example:5000"),
    ):
        trace, _ = read_trace(words.format(host, ns))
        (found,) = (one for one in trace.pulls[0].findings if one.severity == "error")
        assert f'[host."http://{host}"] into /etc/containerd/certs.d/{folder}/hosts.toml' in found.fix


def test_a_signature_that_a_verifier_misses_is_told() -> None:
    """sigstore/cosign names the tag and the address of the signature. It is why the command failed, and no lookup that may miss;
    what kept the verifier from looking is another thing."""
    tag = f"sha256-{'5' * 64}.sig"
    asked = f"Error: no matching signatures: ghcr.io/a/b:{tag}: GET https://ghcr.io/v2/a/b/manifests/{tag}: "
    with pytest.raises(Complaint, match="no signature that fits: cosign tree IMAGE"):
        read_trace(f"{asked}MANIFEST_UNKNOWN: manifest unknown")

    trace, _ = read_trace(f"{asked}UNAUTHORIZED: authentication required")
    assert trace.pulls[0].outcome == "failed"


@pytest.mark.parametrize(
    ("words", "client", "step"),
    [
        ("x509: certificate signed by unknown authority", "", "SSL_CERT_FILE"),
        ("x509: certificate signed by unknown authority", "Error response from daemon: ", "dockerd's environment"),
        ("x509: certificate signed by unknown authority", "failed to download vulnerability DB: ", "where trivy runs"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable (_ssl.c:1006)", "", "REQUESTS_CA_BUNDLE"),
        ("javax.net.ssl.SSLHandshakeException: PKIX path building failed", "", "keytool -importcert"),
    ],
)
def test_a_ca_is_trusted_where_the_program_reads_it(words: str, client: str, step: str) -> None:
    """docker's certs.d is docker's alone: another program is known by its name, or by the words of its language."""
    trace, _ = read_trace(f'{client}Get "https://registry-1.docker.io/v2/": {words}')

    (found,) = trace.pulls[0].findings
    assert step in found.fix
    assert ("certs.d" in found.fix) == (step == "dockerd's environment")


@pytest.mark.parametrize(
    ("message", "says", "step"),
    [
        (
            (
                'flux: OCIRepository: failed to determine artifact digest: Get "https://r.example/v2/": x509: '
                "certificate signed by unknown authority"
            ),
            "no CA that flux trusts",
            "certSecretRef",
        ),
        (
            'Head "https://192.0.2.1:5000/v2/a/manifests/1?ns=registry.k8s.io": x509: certificate signed by unknown authority',
            "the mirror 192.0.2.1:5000",
            "/etc/containerd/certs.d/registry.k8s.io/hosts.toml",
        ),
        (
            'Get "https://ghcr.io/v2/": http: server gave HTTP response to HTTPS client',
            "something on the way answers in its place",
            "curl -v https://ghcr.io/v2/",
        ),
        (
            'Get "https://r.example/v2/": http: server gave HTTP response to HTTPS client',
            "does not speak TLS",
            "put TLS at r.example",
        ),
        (
            (
                "podman pull localhost/app:1\nError: initializing source docker://localhost/app:1: pinging container registry "
                'localhost: Get "https://localhost/v2/": dial tcp [::1]:443: connect: connection refused'
            ),
            "podman could not reach localhost",
            "sudo has others",
        ),
        (
            'docker pull localhost/app:1\nGet "https://localhost/v2/": dial tcp [::1]:443: connect: connection refused',
            "docker could not reach localhost",
            "there localhost is that machine itself",
        ),
        (
            'Error: PUT "https://r.example/v2/a/b/blobs/uploads/1?digest=sha256:' + "5" * 64 + '": unexpected EOF',
            "in the middle of PUT",
            "time and size limits",
        ),
        (
            (
                '$ oras pull docker.io/nginx:1\nError: GET "https://registry-1.docker.io/v2/nginx/manifests/1": response status '
                "code 401: unauthorized: authentication required"
            ),
            "said 401",
            "name it library/nginx, or OWNER/nginx",
        ),
    ],
)
def test_where_it_failed_decides_the_step(message: str, says: str, step: str) -> None:
    """Of like words: who speaks, whether the host is one that all know, a mirror, or this machine."""
    trace, _ = read_trace(message)

    (found,) = (one for one in trace.pulls[0].findings if one.severity == "error")
    assert says in found.message
    assert step in found.fix


def test_the_header_names_of_a_signed_address_are_no_secret() -> None:
    """`X-Amz-SignedHeaders=host` is in each of S3 (abiosoft/colima#1437): the word stays in what was said after it."""
    trace, _ = read_trace(
        'docker pull nginx:1\nfailed to copy: httpReadSeeker: failed open: failed to do request: Get "https://b.r2.'
        f'cloudflarestorage.com/blobs/sha256/55/{"5" * 64}/data?X-Amz-Signature=abc&X-Amz-SignedHeaders=host": '
        "dial tcp: lookup b.r2.cloudflarestorage.com: no such host"
    )

    assert "no such host" in trace.pulls[0].findings[0].message


def test_a_right_that_is_lacking_needs_a_login_too() -> None:
    """A message does not show whether there was one; of a wire that showed none, only the login is told."""
    right = 'denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "projects/p"'
    trace, _ = read_trace(f'Error response from daemon: Head "https://gcr.io/v2/p/app/manifests/1": {right}')

    (found,) = trace.pulls[0].findings
    assert "roles/artifactregistry.reader" in found.fix
    assert "if docker shows no login there, log in: gcloud auth" in found.fix


def test_a_page_of_nginx_names_who_sent_it() -> None:
    """nginx writes its name below its own pages, which a message has in place of the header; other pages name nobody."""
    message = "docker push r.example/a/b\nerror parsing HTTP 413 response body: invalid character '<' looking for beginning of "
    for page, server in (("<hr><center>nginx/1.19.0</center>", "nginx/1.19.0"), ("<center>413</center>", None)):
        (one,) = read(f'{message}value: "<html>{page}</html>"'.splitlines())
        assert header(one.fields, "server") == server


@pytest.mark.parametrize(
    "text",
    [
        "frobnicator: exit 7: failed to frob the quux",
        "panic: error: something never heard of",
        'Failed to pull image "registry.example/a/b:1": rpc error: code = Unknown desc = the moon was not full',
        'pull failed: error="rpc error: code = DeadlineExceeded desc = context deadline exceeded"',
    ],
)
def test_a_failure_that_no_rule_knows_is_told_as_not_known(text: str) -> None:
    """It says what the message says, that the cause is not known, and what would tell more."""
    with pytest.raises(Complaint, match=r"cause is not known; it says .+; (?:put the command|crane manifest registry)"):
        read_trace(text)


@pytest.mark.parametrize("name", SAID)
def test_a_failure_that_is_explained_ends_in_an_error(name: str) -> None:
    """Whatever was understood of a message, its story has an error: none of them is of something healthy."""
    trace, _ = read_trace("\n".join(SAID[name][0]))

    assert any(one.severity == "error" for pull in trace.pulls for one in pull.findings)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (
            "POST request to https://r.example/v2/a/app/blobs/uploads/: 401 Unauthorized",
            "missing, wrong or without the right to push",
        ),
        (
            "GET request to https://ghcr.io/token?scope=repository%3Ao%2Fapp%3Apull&service=ghcr.io: 403 Forbidden",
            "o/app is private or does not",
        ),
    ],
)
def test_a_refusal_without_words_may_be_several_things(message: str, says: str) -> None:
    """Which login came, a message does not show; of a refusal with a reason of its own, only that is told."""
    trace, _ = read_trace(f"failed to solve: unexpected status from {message}")
    assert says in trace.pulls[0].findings[0].message

    trace, _ = read_trace('PUT https://r.example/v2/a/app/manifests/1: DENIED: the tag 1 is protected by a rule of "a"')
    assert "without the right" not in trace.pulls[0].findings[0].message


@pytest.mark.parametrize(
    ("text", "says", "never"),
    [
        # korthout/camunda-platform-rest-api#106, nilsnolde/docker-valhalla#122; vortexntnu/vortex-auv#357 without a login
        (
            'Error response from daemon: Head "https://ghcr.io/v2/ann/app/manifests/1": denied: denied',
            "if it is public, log out: docker logout ghcr.io",
            "xx",
        ),
        (
            'Error response from daemon: Head "https://ghcr.io/v2/ann/app/manifests/1": unauthorized',
            "log in with an account",
            "logout",
        ),
        (
            (
                "pull access denied for public.ecr.aws/docker/library/alpine, repository does not exist or may require "
                "'docker login': denied: Your authorization token has expired. Reauthenticate and try again."
            ),
            "log out: docker logout public.ecr.aws; or log in again",
            "token server alone",
        ),
        # aws/aws-cdk#14457, Azure/container-apps-deploy-action#85
        (
            (
                'CannotPullContainerError: failed to resolve ref "1.dkr.ecr.us-east-1.amazonaws.com/a:1": unexpected status code '
                "[manifests 1]: 403 Forbidden"
            ),
            "service-role/AmazonECSTaskExecutionRolePolicy",
            "docker login",
        ),
        (
            (
                "Field 'template.containers.a.image' is invalid with details: 'Invalid value: \"acme.azurecr.io/a:1\": GET "
                "https:?scope=repository%3Aa%3Apull&service=acme.azurecr.io: UNAUTHORIZED: authentication required"
            ),
            "az containerapp registry set",
            "az acr login",
        ),
        # microsoft/AzureTRE#924, sigstore/cosign#2489: what is to be written needs a login
        (
            (
                'DockerApiException: Docker API responded with status code=InternalServerError, response={"message":"Get '
                'https://acme.azurecr.io/v2/a/manifests/1: unauthorized: authentication required"}'
            ),
            "az webapp config set -g GROUP -n APP",
            "az acr login",
        ),
        (
            (
                f"Error: signing ghcr.io/ann/app@sha256:{'5' * 64}: GET https://ghcr.io/token?scope=repository%3Aann%2Fapp%3Apush%2C"
                "pull&service=ghcr.io: DENIED: denied"
            ),
            "cosign login ghcr.io",
            "logout",
        ),
        # xelalexv/dregsy#81; a catalog of another registry
        (
            "GET https://hub.example.com/v2/_catalog?n=100: UNAUTHORIZED: unauthorized to list catalog",
            "as a system administrator",
            "xx",
        ),
        (
            "GET https://acme.azurecr.io/v2/_catalog?n=100: UNAUTHORIZED: authentication required, visit https://aka.ms/acr",
            "az acr repository list --name acme",
            "administrator",
        ),
        # ko-build/ko#532; the same of an image
        (
            (
                f"publishing ko://a: writing sbom: PUT https://quay.io/v2/a/b/manifests/sha256-{'5' * 64}.sbom: "
                "MANIFEST_INVALID: manifest invalid; map[message:manifest schema version not supported]"
            ),
            "ko build --sbom=none",
            "v2s2",
        ),
        (
            (
                "PUT https://quay.io/v2/a/b/manifests/1: MANIFEST_INVALID: manifest invalid; map[message:manifest schema "
                "version not supported]"
            ),
            "--format v2s2",
            "sbom",
        ),
    ],
)
def test_the_step_is_that_of_the_client_and_the_registry(text: str, says: str, never: str) -> None:
    """What logs in, out or lists there, where that client runs."""
    trace, _ = read_trace(text)

    fixes = " ".join(found.fix for pull in trace.pulls for found in pull.findings)
    assert says in fixes
    assert never not in fixes


AGENT = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref"
DAEMON, VALID = "Error response from daemon: Get", "x509: certificate is valid for"
REFUSED = "dial tcp 127.0.0.1:5000: connect: connection refused"
NO_AUTH = '"https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/a/manifests/1": no basic auth credentials'
NO_TOKEN = "failed to fetch anonymous token: unexpected status from GET request to https://r.example/t?service=r: 403 Forbidden"
NONE = "repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
TIMEOUT = "dial tcp 3.2.1.4:443: i/o timeout"
SANDBOX = (
    'failed to get sandbox image "r.example/pause:3": failed to resolve reference "r.example/pause:3": unexpected status '
    "from HEAD request to https://r.example/v2/pause/manifests/3: 401 Unauthorized"
)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        (
            f'{AGENT} q.io/a/b:1: failed to do request: Head "https://q.io/v2/a/b/manifests/1": {TIMEOUT}',
            "assignPublicIp=ENABLED",
        ),
        (f"{AGENT} 1.dkr.ecr.eu-west-1.amazonaws.com/a:1@sha256:{'d' * 64}: not found", "--force-new-deployment"),
        (
            f'failed to solve: Head "http://localhost:5000/v2/a/blobs/sha256:{"d" * 64}": {REFUSED}',
            "--driver-opt network=host",
        ),
        (
            f'image with policy "always": {DAEMON} {NO_AUTH}',
            '": "ecr-login"}',
        ),
        (
            f"Manifest generation error: could not download oci://r.example/a: {NO_TOKEN}",
            "argocd repo add r.example/PATH",
        ),
        (f"{DAEMON} pull access denied for r.example.com, {NONE}", "write a name behind the host (r.example.com/NAME)"),
        (f"manifest for a/b:{'d' * 64} not found: manifest unknown", f"docker.io/a/b@sha256:{'d' * 64}"),
        (SANDBOX, "crictl pull --creds USER:PASSWORD r.example/pause:3 on each node"),
        ("error: tag 1 failed: Internal error occurred: r.example/a/app:1: denied: no", "--docker-server=r.example"),
        (
            f"{DAEMON} https://r.example/v2/a/manifests/1: unauthorized: BAD_CREDENTIAL",
            "log in again: docker login r.example",
        ),
        (
            f"{DAEMON} https://quay.io/v2/: {VALID} FG3K6C3A00000000, not quay.io",
            "have who runs that firewall let quay.io through",
        ),
    ],
)
def test_the_step_is_one_of_who_asked(text: str, step: str) -> None:
    """A task has no shell to log in with, a sandbox no pull secret, and a firewall is not taught by a client."""
    trace, _ = read_trace(text)

    assert step in trace.pulls[0].findings[0].fix


def test_a_certificate_of_this_machine_s_name_is_no_firewall_s() -> None:
    """A name without digits, or in lower case, is that of a server."""
    for name in ("kubernetes", "web-01", "LOCALHOST"):
        text = f"{DAEMON} https://quay.io/v2/: {VALID} {name}, not quay.io"
        assert "firewall's own" not in read_trace(text)[0].pulls[0].findings[0].message


def test_a_quote_is_what_was_written() -> None:
    """What is read of a line may be in other words; what is quoted is not."""
    line = "500 Server Error for http+docker://localhost/v1.45/images/create?tag=1&fromImage=a: Server Error (unknown: odd)"
    with pytest.raises(Complaint) as told:
        read_trace(f"FAILED: {line}")

    assert "http+docker://localhost" in str(told.value)
    assert "could not pull image" not in str(told.value)


def test_a_tag_that_docker_pulls_is_no_flow_file() -> None:
    """A number and a colon begin a flow file, too."""
    trace, _ = read_trace(
        "24: Pulling from a/b\nError response from daemon: manifest for a/b:24 not found: manifest unknown"
    )

    assert trace.pulls[0].reference == "docker.io/a/b:24"
