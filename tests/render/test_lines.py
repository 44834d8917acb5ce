"""The story's layout: what a line holds, where it is cut, and whose it is."""

from __future__ import annotations

import re

import pytest
from tests.render.samples import recorded
from tests.trace.images import (
    DIALECTS,
    Image,
    digest,
    docker_classic,
    docker_containerd,
    get_blob,
    get_manifest,
    head,
    unauthorized,
)
from tests.trace.wire import (
    CONTAINERD,
    CRANE,
    DOCKER_20,
    HUB,
    SKOPEO,
    Wire,
    challenge_for,
    merged,
    played,
    settled_by_the_end,
    token_url,
)

from pullscope.render.layout import WIDTH, paint
from pullscope.render.lines import Story
from pullscope.render.names import short
from pullscope.render.report import report_lines
from pullscope.render.step_lines import chain_of
from pullscope.render.wording import title
from pullscope.trace.events import Requested, TlsRefused
from pullscope.trace.hosts import Roles
from pullscope.trace.trace import Trace

APP = Image()
LONG = "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com"


def live(*wires: Wire, color: bool = False, verbose: bool = False) -> list[str]:
    """The lines that appear while this happens."""
    trace, lines = Trace(), list[str]()
    story = Story(lines.append, color=color, verbose=verbose)
    for event in merged(wires):
        story.show(trace.feed(event))
    story.show(trace.finish())
    return lines


def a_pull(dialect: str, image: Image = APP, *, at: float = 1000.0) -> Wire:
    """One client's pull."""
    play, agent = DIALECTS[dialect]
    wire = Wire(agent=agent, at=at)
    play(wire, image)
    return wire


@pytest.mark.parametrize("dialect", DIALECTS)
def test_live_and_afterwards(dialect: str) -> None:
    """Told line by line or at the end, the story of a pull is the same."""
    wire = a_pull(dialect)
    assert settled_by_the_end(live(wire)) == settled_by_the_end(report_lines(played(wire).pulls))


def test_a_push_live_and_afterwards() -> None:
    """The header of a push has the tag that its client asked for first."""
    wire = Wire(agent=SKOPEO)
    wire.ask("HEAD", f"{HUB}/v2/app/manifests/latest", 404)
    wire.ask("POST", f"{HUB}/v2/app/blobs/uploads/", 201)
    wire.ask("PUT", f"{HUB}/v2/app/manifests/latest", 201, sent="{}")
    lines = live(wire)
    assert settled_by_the_end(lines) == settled_by_the_end(report_lines(played(wire).pulls))
    assert lines[0] == "push 1  docker.io/app:latest"
    assert "complete  30 ms, 3 requests, 1 blob sent, latest stored" in lines


def test_interleaved_pulls_say_whose_each_line_is() -> None:
    """From the second pull's header to the end of both, every line carries its pull's number; none is too wide."""
    lines = live(a_pull("docker-containerd"), a_pull("docker-classic", Image(repository="library/other"), at=1000.02))
    start = lines.index("") + 1
    assert all(re.match(r"[12]\| ", line) for line in lines[start:])
    assert max(map(len, lines)) <= WIDTH
    mine = [line.removeprefix("1| ") for line in lines if not line.startswith("2| ")]
    assert [line.split()[0] for line in mine if re.match(r" *\d+ ", line)] == [str(n) for n in range(1, 9)]


def test_one_after_the_other_needs_no_numbers() -> None:
    """Pulls after each other are separated by a blank line and carry no numbers."""
    first = a_pull("docker-containerd")
    lines = live(first, a_pull("docker-containerd", Image(tag="next"), at=first.now + 20))
    assert lines.count("") == 1
    assert not any(line.startswith(("1|", "2|")) for line in lines)


def test_no_line_is_too_wide() -> None:
    """Long hosts, long chains, long waits, long errors: eighty columns all the same."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    here = APP.url("blobs", digest("base"))
    last = wire.follows("GET", [here, *(f"https://{place}.{LONG}/x" for place in range(6))])
    wire.ask("GET", last, content="base", took=150.0)
    wire.ask(
        "GET", APP.url("blobs", digest("app")), 403, body=f'{{"errors":[{{"code":"DENIED","message":"{"no " * 99}"}}]}}'
    )
    wire.ask(
        "HEAD",
        f"https://{LONG}/v2/library/app/manifests/other",
        answer={"RateLimit-Remaining": "3", "Docker-RateLimit-Source": "x" * 99},
    )
    for lines in (live(wire), live(wire, verbose=True), report_lines(played(wire).pulls, verbose=True)):
        # A reference and an address are never cut: they are there to be copied.
        assert all(len(line) <= WIDTH or max(map(len, line.split())) > WIDTH - 20 for line in lines)


def test_a_long_tag_is_cut_and_not_left_out() -> None:
    """A line always says something."""
    wire = Wire(agent=SKOPEO)
    wire.ask("PUT", f"{HUB}/v2/app/manifests/{'v' * 60}", 201, sent="{}")
    [line] = [line for line in live(wire) if line.startswith("  1 ")]
    assert re.search(r"manifest put   v{28}\.\. ", line)


def test_wire_strings_are_text() -> None:
    """Escape codes and newlines in names, hosts, agents and errors reach no terminal, with colour or without."""
    evil = "\x1b]0;x\x07\r\n\x1b[31m"
    wire = Wire(agent=f"evil{evil}")
    wire.ask("GET", f"{HUB}/v2/{evil}app/manifests/la{evil}test", 404, body=f'{{"errors":[{{"code":"{evil!a}"}}]}}')
    wire.ask("GET", f"https://{evil}.example.com/v2/a/tags/list", 500, fails=evil)
    for line in live(wire):
        assert line.isprintable()
    for line in live(wire, color=True):
        assert re.sub(r"\x1b\[[0-9;]+m", "", line).isprintable()


def test_hops_unfold_where_it_failed_or_was_asked_for() -> None:
    """A good step is one line; a failed one shows its hops, and so does every one with -v."""
    wire = Wire()
    docker_containerd(wire, APP, skip=("base", "app"))
    wire.ask("GET", APP.url("blobs", digest("base")), 500, token="t2")
    plain = live(wire)
    hops = [line for line in plain if line.startswith("      GET")]
    assert hops == ["      GET  registry-1.docker.io  500  with the token of step 3"]
    assert sum(line.startswith("      ") for line in live(wire, verbose=True)) > 10


def test_wrong_bytes_are_said() -> None:
    """A blob that is not what its digest says stands out."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest("base")), content="evil")
    assert any("WRONG BYTES" in line for line in live(wire))


def test_a_body_that_was_cut_off_is_not_called_wrong() -> None:
    """What came may well be the beginning of what was wanted: how much of it came is what there is to say."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest("base")), content="ba")
    story = "\n".join(live(wire))
    assert re.search(r"layer 1/2 +cut off ", story)
    assert "FAILED" not in story
    assert "cut off after 2 of 4 B" in story
    assert "sha256" not in story.partition("cut off after")[2].partition("\n")[0]


def test_incomplete() -> None:
    """A pull whose layer never ended says so, and the word does not touch its time."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest("base")), ends=False)
    lines = live(wire)
    assert any(re.match(r"incomplete  \d+ ms, 2 requests, 0 of 2 layers", line) for line in lines)
    assert any("registry 200 ..." in line for line in lines)


def test_bytes_that_came_to_nothing_are_not_denied() -> None:
    """A layer that was cut off brought bytes, as the tally below says too; nothing of it can be used."""
    wire = Wire()
    wire.ask("GET", APP.url("blobs", digest("base")), size=1_500_000, fails="the proxy was stopped")
    (line,) = (line for line in live(wire) if line.startswith("incomplete"))
    assert line.endswith("1 request, nothing came whole")


def test_a_pull_that_goes_on() -> None:
    """What was closed too early is told as going on; the first closing line is about the time until then."""
    wire = Wire()
    docker_containerd(wire, APP, skip=("app",))
    wire.ask("GET", APP.url("blobs", digest("app")), 503, token="t2")
    wire.wait(15)
    get_blob(wire, APP, "app", token="t2")
    lines = live(wire)
    endings = [line.partition(",")[0] for line in lines if line.startswith(("failed", "complete"))]
    assert endings == ["failed  102 ms", "complete  15.1 s"]
    assert "pull 1  goes on" in lines


def test_a_story_that_goes_on_does_not_repeat_itself() -> None:
    """It is said once that it goes on, each finding is told once, and so is why the same request was refused."""
    wire = Wire(agent=DOCKER_20)
    for _ in range(4):
        wire.ask("POST", f"{HUB}/v2/app/blobs/uploads/", 403, body='{"errors":[{"code":"DENIED","message":"no"}]}')
        wire.wait(6)
    lines = live(wire)
    assert lines.count("push 1  goes on") == 1
    assert sum(line.startswith(" error  ") for line in lines) == 1
    assert sum(line.startswith("      POST") for line in lines) == 1
    assert sum(line.startswith("failed") for line in lines) == 4


def test_a_wrong_guess_is_put_right_at_the_end() -> None:
    """Who begins by looking, and then takes layers, has pulled: the closing line says it, for the header is gone by."""
    wire = Wire(agent=SKOPEO)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    for content in APP.blobs():
        get_blob(wire, APP, content)
    lines = live(wire)
    assert lines[0].startswith("read 1  ")
    assert any(line.startswith("complete  a pull, ") for line in lines)
    assert report_lines(played(wire).pulls)[0].startswith("pull 1  ")


def test_verbose_says_why_each_step_is_here() -> None:
    """By the evidence that decided."""
    wire = a_pull("docker-containerd")
    said = [line for line in live(wire, verbose=True) if line.startswith("      because: ")]
    assert len(said) == 8
    assert not any("because" in line for line in live(wire))


def test_nothing_new() -> None:
    """A client that was seen fetching a digest, and finds the tag at the same one, has nothing new."""
    wire = Wire(agent=DOCKER_20)
    docker_classic(wire, APP)
    wire.wait(60)
    head(wire, APP)
    assert any(f"nothing new: latest is still {digest(APP.index)[:19]}" in line for line in live(wire))


def test_nothing_new_right_after_it_came() -> None:
    """A pull that has everything is over for the next one of the same tag, however soon that comes."""
    wire = Wire(agent=DOCKER_20)
    docker_classic(wire, APP)
    wire.wait(0.2)
    wire.asks_for_token(APP.repository, "again")
    head(wire, APP, "again")
    assert any(f"nothing new: latest is still {digest(APP.index)[:19]}" in line for line in live(wire))


def test_what_was_here_before_is_not_known() -> None:
    """A client that only asks for the tag may have had it, or may have stopped there: nothing is said of the past."""
    wire = Wire(agent=DOCKER_20)
    head(wire, APP)
    story = " ".join(" ".join(live(wire)).split())
    assert f"resolved to {digest(APP.index)[:19]}, nothing downloaded" in story
    assert "still" not in story


@pytest.mark.parametrize("agent", [SKOPEO, CRANE, "curl/8.5.0"])
@pytest.mark.parametrize("seen", ["tag", "manifest"])
def test_a_client_that_keeps_nothing_has_no_news(agent: str, seen: str) -> None:
    """skopeo inspect, crane digest: nothing is "still" there where nothing is kept."""
    wire = Wire(agent=agent)
    head(wire, APP)
    if seen != "tag":
        get_manifest(wire, APP, APP.manifest(), tag=True)
    story = " ".join(" ".join(live(wire)).split())
    assert ("no layer asked for" if seen == "manifest" else "nothing downloaded") in story
    assert story.startswith("read 1")
    assert "still" not in story


def test_a_new_config_over_layers_that_are_here_is_news() -> None:
    """Another entrypoint makes another image: its tag is no longer what it was."""
    wire = Wire(agent=DOCKER_20)
    docker_classic(wire, APP, skip=APP.layers)
    story = "\n".join(live(wire))
    assert "nothing new" not in story
    assert "0 of 2 layers, 2 already here" in story


def test_the_same_answer_several_times() -> None:
    """Hops that say nothing more are counted, and no comma waits for words."""
    wire = Wire()
    for _ in range(3):
        wire.ask("GET", APP.url("manifests", "latest"), 503)
    assert any(line.endswith("503  3 times") for line in live(wire))


def test_refusal_is_one_line() -> None:
    """A client that does not trust the proxy is told in one line with the host."""
    lines: list[str] = []
    story, trace = Story(lines.append), Trace()
    for second in range(10):
        story.show(trace.feed(TlsRefused(time=float(second), client="10.0.0.1", host="auth.docker.io", reason="")))
    assert lines == ["refused  a client does not trust the proxy's certificate for auth.docker.io"]


def test_colour_only_where_wanted() -> None:
    """Without colour there is no escape code; with it, each one is ended."""
    wire = a_pull("skopeo")
    assert not any("\x1b" in line for line in live(wire))
    for line in live(wire, color=True):
        assert line.count("\x1b[0m") * 2 == line.count("\x1b[")
    assert paint([("x", "red")], color=True) == "\x1b[1;31mx\x1b[0m"


def test_plain_http_is_said() -> None:
    """A hop that is not HTTPS shows it."""
    wire = Wire(agent=SKOPEO)
    wire.ask("GET", "http://registry.example.com/v2/", 404)
    assert any("http://registry.example.com" in line for line in live(wire))


def test_the_token_that_was_dropped_is_said() -> None:
    """skopeo's token goes to the vanity host and no further: the hops say it."""
    wire = Wire(agent=SKOPEO)
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.ask("GET", token_url("library/app"), issued="t", body='{"token":"REDACTED"}')
    here = "https://docker.example.com/v2/library/app/manifests/latest"
    wire.ask("GET", here, 302, token="t", location=APP.url("manifests", "latest"))
    wire.ask("GET", APP.url("manifests", "latest"), 401, referer=here, challenge=challenge_for("library/app"))
    text = "\n".join(live(wire))
    assert re.search(r"GET  docker\.example\.com +302  with the token of step \d", text)
    assert re.search(r"GET  registry-1\.docker\.io +401  without the token", text)


def test_containerd_through_a_mirror() -> None:
    """The mirror is called one, in the chain and among the hosts."""
    wire = Wire(agent=CONTAINERD)
    wire.ask("HEAD", "http://mirror.example.com:5000/v2/library/app/manifests/latest?ns=docker.io", 404)
    docker_containerd(wire, APP)
    text = "\n".join(live(wire))
    assert "mirror 404" in text
    assert re.search(r"^  mirror +mirror\.example\.com:5000 +1 request", text, re.MULTILINE)


WIDTHS = [59, 65, 74, 75, 79, 99, 105, 126, 147, 199]
RECORDED = ["dockerd-29.7-containerd-vanity-302", "dockerd-20.10-missing-tag", "skopeo-1.9-vanity-302"]


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("name", RECORDED)
def test_the_story_is_as_wide_as_it_may_be(name: str, verbose: bool) -> None:
    """From 60 to 200 columns no line is longer, no word of the story at full length is cut, and no step loses its hosts."""
    pulls = recorded(name).pulls
    for width in WIDTHS:
        lines = report_lines(pulls, width=width, verbose=verbose)
        long = [line for line in lines if len(line) > width]
        assert long == []
        text = " ".join(" ".join(lines).split())
        for pull in pulls:
            for finding in pull.findings[:1]:
                assert finding.message in text
            for step in pull.steps:
                assert re.search(rf"(^| ){step.n} +{title(step)} ", "\n".join(lines), re.MULTILINE)
                assert f" {chain_of(step, Roles(pull.hops)).split(' > ')[-1]}" in text


def test_more_room_shows_more() -> None:
    """Rates, then digests, then media types, then whole digests; what is shown once is shown in every wider line."""
    pulls = recorded("dockerd-29.7-containerd-vanity-302").pulls
    layer = next(step for step in pulls[0].steps if (step.bytes or 0) > 100_000)
    marks = [" MB/s", f" {short(layer.digest)}", " oci layer gzip ", str(layer.digest)]
    for width, seen in ((79, 0), (105, 1), (126, 2), (147, 3), (199, 4)):
        [line] = [line for line in report_lines(pulls, width=width) if line.startswith(f"{layer.n:>3} layer")]
        assert [mark in line for mark in marks] == [True] * seen + [False] * (4 - seen)
        assert len(line) == width


def test_verbose_says_that_a_request_had_no_answer() -> None:
    """Its path does not stand behind nothing."""
    wire = Wire()
    wire.ask("GET", Image().url("manifests", "latest"))
    trace = Trace()
    for event in merged([wire]):
        if isinstance(event, Requested):
            trace.feed(event)
    trace.finish(cut_off=True)
    text = "\n".join(report_lines(trace.pulls, verbose=True))

    assert "no answer: /v2/" in " ".join(text.split())


def test_verbose_shows_paths_and_times() -> None:
    """Of each hop: when the first byte came, when all was there, how much that was, and what was asked, broken before names."""
    text = "\n".join(report_lines(recorded("skopeo-1.9-vanity-302").pulls, verbose=True))
    assert re.search(r"^           first byte \d+ ms, end \d+ ms, 68 B:$", text, re.MULTILINE)
    assert "  /token?scope=repository%3Atimonback%2Fzephykus%3Apull&\n           service=registry.docker.io\n" in text
    assert re.search(r"^           first byte .* ms: /v2/timonback/zephykus/manifests/latest$", text, re.MULTILINE)
