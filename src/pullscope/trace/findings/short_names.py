"""What a name may lack, or has in place of what was meant: an owner, a registry, a word that stands there to be replaced."""

from __future__ import annotations

import re

from pullscope.oci.agents import CONTAINERS_IMAGE, UNKNOWN
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.case import REFUSALS, in_turn, listed
from pullscope.trace.findings.login_commands import is_on_a_node

_YOURS = re.compile(
    r"your[-_.]\w.*|your(?:user(?:name)?|name|org\w*|account|id|image\w*|repo\w*|project|namespace|docker(?:hub)?\w*)"
)
"""Parts of names that guides have for the reader's own; `yourls` is a program. docker/hub-feedback#1222, magma/magma#892."""
_ANYBODYS = re.compile(
    r"(?:my|docker|dockerhub|hub)?[-_]?user(?:[-_]?name)?|my[-_]?org|org|owner|organi[sz]ation|docker[-_]?id"
)
"""Words that may be an owner's own name, too."""


def of_a_copied_name(one: Answer, fix: str) -> str:
    """A name that was copied from a guide as it stands there; a word that may be right stands before what else is to be done."""
    owner, _, rest = (one.name or "").partition("/")
    word = next((part for part in (owner, *rest.split("/")) if _YOURS.fullmatch(part)), None)
    if not _is_refused(one):
        return fix
    if word is not None:
        return f"write your own name in place of {word}, which stands in {one.name} to be replaced"
    if rest and _ANYBODYS.fullmatch(owner):
        return f"write your own name in place of {owner}, if {one.name} was copied from an example; else {fix}"
    return fix


def _is_refused(one: Answer) -> bool:
    about_the_name = not one.is_about_a_login or one.of_a_right
    return one.status in (*REFUSALS, 404) and about_the_name and not one.is_known_to_be_there and not one.by_page


def short(one: Answer) -> str:
    """What a name may lack: its owner, or registry (podman-container-tools/podman#17926, cri-o/packaging#301)."""
    hub, client = one.known is not None and one.known.id == "docker-hub", one.case.client
    short = f", and write its registry before it, if that is another: {client} looks for short names at docker.io"
    if len(asked := in_turn(one.case, one.step)) > 1:
        return f", and write its registry before it, if none is there: {client} asked {listed(asked)} in turn (registries.conf)"
    said = short if hub and one.no_login and one.case.family in CONTAINERS_IMAGE else ""
    if not hub or not (one.name or "").startswith("library/"):
        return said
    if one.case.family == "buildkit":  # docker/compose#11028, docker/cli#1559, moby/buildkit#4172
        return f": if a stage of the Dockerfile is meant, none is named so there (FROM IMAGE AS {(one.name or '')[8:]})"
    if one.case.family == "trivy":  # aquasecurity/trivy#438, #331, #320: it asks a registry for what no daemon has
        said += "; if it is built here, let trivy read it there (-v /var/run/docker.sock:/var/run/docker.sock, or --input FILE)"
    own, built = "", f"{(one.name or '')[8:]}:{one.step.route.reference}"
    if one.status in REFUSALS and is_on_a_node(one.case):
        # kubernetes/minikube#9118, #22696, kubernetes/kubernetes#118795, GoogleChrome/webstatus.dev#475
        load = f"minikube image load {built}, kind load docker-image {built}, docker save {built} | k3s ctr images import -"
        own = f"; if it is your own, load it into each node ({load}) and set imagePullPolicy: IfNotPresent"
    elif one.status in REFUSALS and one.case.family in ("docker", UNKNOWN):
        own = f"; if it is your own, make it first: docker build -t {built[: built.index(':')]} DIRECTORY, docker compose build"
    return f"{said}; what belongs to an owner at Docker Hub is named OWNER/NAME, at other registries HOST/NAME{own}"
