"""The image of a command is the first word that is no option and no option's value."""

from __future__ import annotations

import pytest

from pullscope.logs.client_commands import of_command
from pullscope.logs.error_message import read

IMAGE = "ghcr.io/team/app:1"


@pytest.mark.parametrize(
    "command",
    [
        "docker run -d -p 80:80 {}",
        "docker run --name web -e A=b -v /x:/y --rm -it {} sh -c true",
        "docker run -u 1000:1000 -p8080:80 {}",
        "sudo docker run --network host --platform linux/amd64 --user=1:1 {}",
        "/usr/bin/podman run -p 8080:80 -v $PWD:/data:Z {}",
        "docker pull --platform linux/arm64 {}",
        "docker --context far pull -q {}",
        "docker service create --name a --with-registry-auth {}",
        "nerdctl --namespace k8s.io pull {}",
        "ctr -n k8s.io images pull --plain-http {}",
        "crictl pull --creds u:p {}",
        "crane copy {} r.example.com/x:1",
        "oras pull -o . {}",
        "apptainer exec --nv docker://{} python main.py",
        "cosign verify --key k.pub {}",
        "trivy image --severity HIGH {}",
        "kubectl run web --image={}",
    ],
)
def test_the_image_is_found_behind_options(command: str) -> None:
    (one,) = read([f"$ {command.format(IMAGE)}", "Error response from daemon: unauthorized"])

    assert one.url == "https://ghcr.io/v2/team/app/manifests/1"


@pytest.mark.parametrize(
    "text",
    [
        "docker pull failed: unauthorized",
        "the docker run command is not there",
        "docker push of an image",
        "docker compose up -d",
        "docker run --help",
    ],
)
def test_a_sentence_on_a_command_names_no_image(text: str) -> None:
    found = of_command(text)

    assert found is None or found[1] is None
