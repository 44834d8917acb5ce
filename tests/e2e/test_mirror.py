"""Real clients pull through the tracer as a mirror: no CA, no restart, and every pull succeeds, also when it dies.

Two mitmdumps: `mirror` is the one under test; `proxy` is the client's own road to the registry, and writes down what went
past the mirror.
"""

from __future__ import annotations

import base64
import json
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.e2e import parts
from tests.e2e.cri import pull_image
from tests.e2e.images import Image
from tests.e2e.parts import Ctr, Docker, Forgetful, Proxy, Trust
from tests.e2e.processes import Running
from tests.e2e.standin import AUTH, CDN, REGISTRY, Hub
from tests.e2e.told import Json, assert_no_secret, chain, kinds, report, steps

pytestmark = pytest.mark.real

NAME = "docker.io/timonback/zephykus:latest"


@pytest.fixture
def mirror(tmp_path: Path, trust: Trust, hub: Hub) -> Iterator[Proxy]:
    port = parts.free_port()
    with parts.mitmdump(
        tmp_path / "mirror", trust, hub, port, "--set", "pullscope_mirror=docker.io", "--set", "pullscope_verbose=true"
    ) as running:
        yield Proxy(
            program=running.program,
            url=f"http://127.0.0.1:{port}",
            recording=running.recording,
            flows=running.flows,
        )


@pytest.fixture
def hosts_dir(tmp_path: Path, mirror: Proxy) -> Path:
    """containerd's: the mirror first, for every registry."""
    file = tmp_path / "certs.d" / "_default" / "hosts.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'[host."{mirror.url}"]\n  capabilities = ["pull", "resolve"]\n')
    return file.parents[1]


@pytest.fixture
def mirrored(docker: Docker, mirror: Proxy) -> Iterator[Docker]:
    """A docker daemon that was told of the mirror while it ran."""
    docker.reload(**{"registry-mirrors": [mirror.url]})
    yield docker
    docker.reload()


@pytest.fixture
def containers(tmp_path: Path, mirror: Proxy, proxy: Proxy, trust: Trust) -> Forgetful:
    """Runs a client of containers/image that has the mirror in its registries.conf."""
    settings = tmp_path / "home" / ".config" / "containers"
    settings.mkdir(parents=True)
    where = mirror.url.removeprefix("http://")
    (settings / "registries.conf").write_text(
        f'[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "{where}/docker.io"\ninsecure = true\n'
    )
    env = parts.behind(proxy.url, trust) | {"HOME": str(tmp_path / "home")}
    env.pop("XDG_CONFIG_HOME", None)
    return Forgetful(state=tmp_path / "state", env=env)


def asked(proxy: Proxy) -> list[str]:
    """The hosts that were asked there, each once."""
    proxy.finish()
    return sorted({exchange[1] for exchange in report(proxy.recording).exchanges})


def assert_all_but_layers(pull: Json, image: Image) -> None:
    """Told whole as far as a mirror sees: the name, the documents, where the layers are; and no error, no warning."""
    built = image.platforms["linux/amd64"]
    assert (pull["reference"], pull["through"], pull["outcome"]) == (NAME, "mirror", "complete")
    assert pull["digest"] == image.index
    assert {hop["host"] for step in pull["steps"] for hop in step["hops"]} == {REGISTRY}
    assert {step["digest"] for step in steps(pull, "layer")} == set(built.layers)
    assert all(chain(step)[-1] == ("registry", 307) for step in steps(pull, "layer"))
    assert pull["layers"]["sent_on"] == len(built.layers)
    assert [step["digest"] for step in steps(pull, "manifest") if step["verified"]] == [built.manifest]
    assert [finding["code"] for finding in pull["findings"] if finding["severity"] != "info"] == []


def assert_read_back_alike(mirror: Proxy) -> Json:
    """The flow file that mitmproxy saved tells what the recording tells."""
    told, again = report(mirror.recording).document, report(mirror.flows).document
    for pull in (*told["pulls"], *again["pulls"]):
        for step in pull["steps"]:
            step.pop("because")
    shape = [(pull["reference"], pull.get("through"), pull["outcome"], kinds(pull)) for pull in told["pulls"]]
    assert [(pull["reference"], pull.get("through"), pull["outcome"], kinds(pull)) for pull in again["pulls"]] == shape
    document: Json = told
    return document


def test_containerd_pulls_through_it(
    ctr: Ctr, mirror: Proxy, proxy: Proxy, hub: Hub, hosts_dir: Path, zephykus: Image
) -> None:
    """Manifests come through the mirror, tokens and layers past it, and the story says so."""
    done = ctr("content", "fetch", "--hosts-dir", str(hosts_dir), NAME)
    story = mirror.finish()

    assert done.returncode == 0, done.stderr
    [pull] = assert_read_back_alike(mirror)["pulls"]
    assert pull["client"]["family"] == "containerd"
    assert_all_but_layers(pull, zephykus)
    assert "through the mirror\n        (token requests, logins" in story
    assert f"4 of 4 layers sent on to {CDN}, not seen" in " ".join(story.split())
    assert asked(proxy) == sorted([AUTH, CDN])
    assert_no_secret(mirror, hub, pull)


@pytest.fixture
def node(proxy: Proxy, trust: Trust, hosts_dir: Path) -> Iterator[tuple[Path, Running]]:
    with parts.node(proxy.url, trust, hosts_dir) as running:
        yield running


def test_a_node_pulls_through_it(node: tuple[Path, Running], mirror: Proxy, proxy: Proxy, zephykus: Image) -> None:
    """As the kubelet asks containerd; its config_path names the directory with the mirror."""
    address, _ = node
    assert pull_image(address, NAME) == (0, "")
    mirror.finish()

    [pull] = assert_read_back_alike(mirror)["pulls"]
    assert_all_but_layers(pull, zephykus)
    assert asked(proxy) == sorted([AUTH, CDN])


@pytest.mark.parametrize(
    "when", ["before", "in the middle, sent by the storage", "in the middle, sent by the registry"]
)
def test_a_node_goes_on_without_it(
    node: tuple[Path, Running], mirror: Proxy, hub: Hub, zephykus: Image, when: str
) -> None:
    """The kubelet never hears of it, and containerd is the one that it was."""
    address, containerd = node
    before = containerd.process.pid
    hub.sends_blobs_itself = "registry" in when
    with ThreadPoolExecutor(1) as kubelet:
        if when == "before":
            kill(mirror)
            pulled = kubelet.submit(pull_image, address, NAME)
        else:
            on_its_way = hub.hold(zephykus.platforms["linux/amd64"].layers[0])
            pulled = kubelet.submit(pull_image, address, NAME)
            assert on_its_way.reached.wait(60)
            kill(mirror)
            on_its_way.released.set()
        assert pulled.result(120) == (0, "")
    assert (containerd.process.pid, containerd.process.poll()) == (before, None)


def test_docker_pulls_through_it(mirrored: Docker, mirror: Proxy, proxy: Proxy, zephykus: Image) -> None:
    """registry-mirrors and SIGHUP are enough; the daemon that runs is the one that ran."""
    before = mirrored.daemon.process.pid
    done = mirrored("pull", NAME)
    mirror.finish()

    assert done.returncode == 0, done.stderr
    [pull] = assert_read_back_alike(mirror)["pulls"]
    assert (pull["client"]["family"], pull["client"]["store"]) == ("docker", "graphdriver")
    assert_all_but_layers(pull, zephykus)
    assert asked(proxy) == sorted([AUTH, CDN])
    assert (mirrored.daemon.process.pid, mirrored.daemon.process.poll()) == (before, None)


@pytest.mark.parametrize("command", ["podman", "buildah", "skopeo"])
def test_containers_image_pulls_through_it(
    containers: Forgetful, mirror: Proxy, proxy: Proxy, zephykus: Image, tmp_path: Path, command: str
) -> None:
    """The first part of the path says for whom it is, and the name in the story has none of it."""
    done = containers(*read_with(command, tmp_path))
    mirror.finish()

    assert done.returncode == 0, done.stderr
    [pull] = assert_read_back_alike(mirror)["pulls"]
    assert pull["client"]["family"] == command
    assert_all_but_layers(pull, zephykus)
    assert asked(proxy) == sorted([AUTH, CDN])


def read_with(command: str, folder: Path, *more: str | Path) -> list[str | Path]:
    """The words with which each client pulls."""
    if command == "skopeo":
        return ["skopeo", "copy", *more, f"docker://{NAME}", f"dir:{folder / 'copy'}"]
    # podman wants a --runroot of at most 50 characters; /var/lib is the test's own here
    storage = ["--root", "/var/lib/pulled", "--runroot", "/var/lib/run", "--storage-driver", "vfs"]
    return [command, *storage, "pull", *more, NAME]


# -- what the mirror has not got ------------------------------------------------------------------------------------------


def test_a_tag_that_is_not_there_is_no_error_here(ctr: Ctr, mirror: Proxy, proxy: Proxy, hosts_dir: Path) -> None:
    """What it comes to is not seen: the client asks the registry itself, and hears 404 there too."""
    done = ctr("content", "fetch", "--hosts-dir", str(hosts_dir), "docker.io/timonback/zephykus:never")
    story = mirror.finish()

    assert done.returncode == 1
    [pull] = assert_read_back_alike(mirror)["pulls"]
    assert (pull["outcome"], [(one["code"], one["severity"]) for one in pull["findings"]]) == (
        "incomplete",
        [("mirror-missed", "info")],
    )
    assert "goes on past the mirror, not seen" in story
    assert "containerd asks docker.io itself next, which is not seen here" in " ".join(story.split())
    assert REGISTRY in asked(proxy)


def test_a_registry_that_was_not_named_is_not_asked(
    ctr: Ctr, mirror: Proxy, proxy: Proxy, hub: Hub, hosts_dir: Path
) -> None:
    """404 at once; who asks for it goes there by itself, and the story says how to see that too."""
    done = ctr("content", "fetch", "--hosts-dir", str(hosts_dir), "ghcr.io/org/app:1")
    story = mirror.finish()

    assert done.returncode == 1
    [pull] = assert_read_back_alike(mirror)["pulls"]
    assert (pull["reference"], pull["outcome"]) == ("ghcr.io/org/app:1", "incomplete")
    assert {hop["answered_by"] for step in pull["steps"] for hop in step["hops"]} == {"pullscope mirror"}
    assert "--host ghcr.io" in story
    assert asked(proxy) == ["ghcr.io"]
    assert hub.seen == ()


def test_docker_pulls_a_private_image_through_it(
    mirrored: Docker, mirror: Proxy, proxy: Proxy, hub: Hub, zephykus: Image
) -> None:
    """docker gets its token for a mirror with the login for Docker Hub; the token server is asked past the mirror."""
    hub.closed.add("timonback/zephykus")
    (mirrored.settings.parent / "config.json").write_text(
        json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": base64.b64encode(b"me:secret").decode()}}})
    )
    done = mirrored("--config", str(mirrored.settings.parent), "pull", NAME)
    mirror.finish()

    assert done.returncode == 0, done.stderr
    [pull] = assert_read_back_alike(mirror)["pulls"]
    assert_all_but_layers(pull, zephykus)
    assert asked(proxy) == sorted([AUTH, CDN])


@pytest.mark.parametrize("command", ["podman", "buildah", "skopeo"])
def test_containers_image_pulls_a_private_image_past_it(
    containers: Forgetful, mirror: Proxy, proxy: Proxy, hub: Hub, tmp_path: Path, command: str
) -> None:
    """A login for docker.io is none for the mirror: it is refused there, had from the registry itself, and no error here."""
    hub.closed.add("timonback/zephykus")
    logins = tmp_path / "auth.json"
    logins.write_text(json.dumps({"auths": {"docker.io": {"auth": base64.b64encode(b"me:secret").decode()}}}))
    done = containers(*read_with(command, tmp_path, "--authfile", logins))
    mirror.finish()

    assert done.returncode == 0, done.stderr
    [pull] = report(mirror.recording).pulls
    assert (pull["reference"], pull["outcome"]) == (NAME, "incomplete")
    assert [(one["code"], one["severity"]) for one in pull["findings"]] == [("mirror-missed", "info")]
    assert REGISTRY in asked(proxy)


def test_a_node_pulls_a_private_image_with_the_kubelets_secret(
    node: tuple[Path, Running], mirror: Proxy, proxy: Proxy, hub: Hub, zephykus: Image
) -> None:
    """containerd gets its token for a mirror with the pull secret; the token server is asked past the mirror."""
    hub.closed.add("timonback/zephykus")
    assert pull_image(node[0], NAME, ("me", "secret")) == (0, "")
    mirror.finish()

    [pull] = assert_read_back_alike(mirror)["pulls"]
    assert_all_but_layers(pull, zephykus)
    assert REGISTRY not in asked(proxy)
    assert_no_secret(mirror, hub, pull)


def test_a_node_without_the_secret_is_refused_everywhere(
    node: tuple[Path, Running], mirror: Proxy, proxy: Proxy, hub: Hub
) -> None:
    """At the mirror that is no error, for what became of it past the mirror is not seen."""
    hub.closed.add("timonback/zephykus")
    status, message = pull_image(node[0], NAME)
    mirror.finish()

    assert status != 0, message
    [pull] = report(mirror.recording).pulls
    assert (pull["reference"], pull["outcome"]) == (NAME, "incomplete")
    assert [(one["code"], one["severity"]) for one in pull["findings"]] == [("mirror-missed", "info")]
    assert REGISTRY in asked(proxy)


# -- and when it is not there itself --------------------------------------------------------------------------------------


def kill(mirror: Proxy) -> None:
    mirror.program.stop(with_signal=signal.SIGKILL)


def test_pulls_go_on_when_it_dies_between_them(
    mirrored: Docker, ctr: Ctr, containers: Forgetful, mirror: Proxy, hosts_dir: Path, tmp_path: Path
) -> None:
    """Every client goes to the registry itself, and no daemon has to be told."""
    before = mirrored.daemon.process.pid
    kill(mirror)

    for done in (
        mirrored("pull", NAME),
        ctr("content", "fetch", "--hosts-dir", str(hosts_dir), NAME),
        *(containers(*read_with(command, tmp_path)) for command in ("podman", "buildah", "skopeo")),
    ):
        assert done.returncode == 0, done.stderr
    assert (mirrored.daemon.process.pid, mirrored.daemon.process.poll()) == (before, None)


@pytest.mark.parametrize(
    ("client", "sent_by"),
    [
        # docker asks five times more for a layer, in 75 s, before it goes to the registry itself: once is enough
        ("docker", "registry"),
        ("containerd", "storage"),
        ("containerd", "registry"),
        # for half a layer that came through it: the test below
        *((client, "storage") for client in ("podman", "buildah", "skopeo")),
    ],
)
def test_a_pull_goes_on_when_it_dies_in_the_middle(
    mirrored: Docker,
    ctr: Ctr,
    containers: Forgetful,
    mirror: Proxy,
    hub: Hub,
    hosts_dir: Path,
    zephykus: Image,
    tmp_path: Path,
    client: str,
    sent_by: str,
) -> None:
    """While a layer is on its way from a storage past it, or through it from a registry that sends layers itself."""
    hub.sends_blobs_itself = sent_by == "registry"
    on_its_way = hub.hold(zephykus.platforms["linux/amd64"].layers[0])
    env = None
    command: list[str | Path] = ["docker", "-H", f"unix://{mirrored.socket}", "pull", NAME]
    if client == "containerd":
        command = ["ctr", "--address", ctr.socket, "content", "fetch", "--hosts-dir", hosts_dir, NAME]
        env = ctr.env
    elif client != "docker":
        command = containers.words(
            *read_with(client, tmp_path, *(["--retry-times", "2"] if client == "skopeo" else []))
        )
        env = containers.env
    before = mirrored.daemon.process.pid
    with Running(command, env=env) as pull:
        assert on_its_way.reached.wait(60)
        kill(mirror)
        on_its_way.released.set()
        ended = pull.process.wait(300)

    assert ended == 0, pull.output
    assert (mirrored.daemon.process.pid, mirrored.daemon.process.poll()) == (before, None)


@pytest.mark.parametrize("client", ["podman", "buildah", "skopeo"])
def test_half_a_layer_is_the_end_of_a_pull(
    containers: Forgetful, mirror: Proxy, hub: Hub, zephykus: Image, tmp_path: Path, client: str
) -> None:
    """What containers/image 5.23 has begun to read from the mirror it neither asks again there nor elsewhere."""
    hub.sends_blobs_itself = True
    layers = zephykus.platforms["linux/amd64"].layers
    on_its_way = hub.hold(layers[0])
    retried = ["--retry-times", "2"] if client == "skopeo" else []
    name, *rest = read_with(client, tmp_path, *retried)
    debug = ["--debug"] if client == "skopeo" else ["--log-level=debug"]
    with Running(containers.words(name, *debug, *rest), env=containers.env) as pull:
        assert on_its_way.reached.wait(60)
        # It has the beginning of the one that is held: a directory gets one after the other, a storage all at once.
        pull.wait_for("Detected compression format", after=0 if client == "skopeo" else len(layers) - 1)
        kill(mirror)
        on_its_way.released.set()
        ended = pull.process.wait(120)

    assert ended != 0
    assert "happened during read: unexpected EOF" in pull.output


def test_a_registry_that_is_not_reached_is_502_at_once(tmp_path: Path, trust: Trust, ctr: Ctr, proxy: Proxy) -> None:
    """As on a machine whose proxy has no way out: the client, which has one, goes on."""
    port = parts.free_port()
    with parts.mitmdump(tmp_path / "mirror", trust, Nowhere(), port, "--set", "pullscope_mirror=docker.io") as running:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=60)
        file = tmp_path / "certs.d" / "_default" / "hosts.toml"
        file.parent.mkdir(parents=True)
        file.write_text(f'[host."http://127.0.0.1:{port}"]\n')
        done = ctr("content", "fetch", "--hosts-dir", str(file.parents[1]), NAME)
        story = running.finish()

    assert refused.value.code == 502
    assert done.returncode == 0, done.stderr
    assert REGISTRY in asked(proxy)
    assert "upstream-unreachable" in story
    assert "error  " not in story


class Nowhere:
    """A closed port."""

    port = 1
