"""The page as it is written: one file, one style, one script, and nothing from the wire that is more than text."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from tests.render.html.carried import carried, every_text, packs
from tests.render.samples import CONTROLS, RECORDINGS, TRACES, every_ending, recorded, told
from tests.trace.images import Image, docker_classic
from tests.trace.wire import Wire, played

from pullscope.cli.source import read_trace
from pullscope.render.formats import FORMS, Told
from pullscope.trace.findings.finding import Finding, Severity

OURS = re.compile(
    r"https://(?:github\.com/opencontainers|distribution\.github\.io|docs\.docker\.com|www\.rfc-editor\.org|docs\.sigstore\.dev)/"
)


class Elements(HTMLParser):
    """Every element with its attributes, and the text of styles and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"style": [], "script": []}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, _tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in self.raw:
            self.raw[self._inside].append(data)


def whole(trace: str) -> str:
    """The page of a trace."""
    return FORMS["html"].write(told(TRACES[trace]()))


@pytest.mark.parametrize("trace", TRACES)
def test_nothing_runs_or_loads_but_ours(trace: str) -> None:
    """No trace brings a script, a handler, a style or anything that is fetched into the page."""
    page = Elements(whole(trace))
    tags = [tag for tag, _ in page.found]
    names = {name for _, attributes in page.found for name in attributes}

    scripts = [attributes.get("type") for tag, attributes in page.found if tag == "script"]
    assert (scripts.count(None), tags.count("style")) == (1, 1)
    assert {*scripts} <= {None, "application/gzip"}
    assert not {"img", "iframe", "object", "embed", "link", "form", "base", "audio", "video"} & set(tags)
    assert not {name for name in names if name.startswith("on") or name in ("style", "src", "srcset", "action")}


@pytest.mark.parametrize("trace", TRACES)
def test_links_lead_to_specifications_only(trace: str) -> None:
    """What is clickable is a section of a specification or a place in the page; never an address from the wire."""
    page = whole(trace)
    targets = [attributes["href"] or "" for _, attributes in Elements(page).found if "href" in attributes]
    steps = [step for pull in carried(page) for step in pull["steps"]]
    targets += [step["href"] for step in steps] + [idea["href"] for step in steps for idea in step.get("ideas", ())]

    assert [target for target in targets if not OURS.match(target) and not re.fullmatch(r"#[a-z0-9-]+", target)] == []


def test_a_list_in_the_lesson_is_lines() -> None:
    """An item is a line of its own, and no break is written out."""
    page = FORMS["html"].write(told(recorded("dockerd-20.10-hub")))
    ideas = [idea for pull in carried(page) for step in pull["steps"] for idea in step.get("ideas", ())]

    assert any(line.startswith("- realm: ") for idea in ideas for line in idea["lines"])
    assert not [line for idea in ideas for line in idea["lines"] if "\\x0a" in line]


def test_policy_names_style_and_script_by_their_hashes() -> None:
    """The policy lets the page's own style and script run and nothing else, and lets nothing load."""
    page = Elements(FORMS["html"].write(told(recorded("dockerd-20.10-hub"))))
    policy = next(
        attributes["content"] for tag, attributes in page.found if tag == "meta" and "http-equiv" in attributes
    )

    def named(text: str) -> str:
        return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    script = page.raw["script"][-1]

    assert policy == (
        f"default-src 'none'; style-src '{named(''.join(page.raw['style']))}'; "
        f"script-src '{named(script)}'; base-uri 'none'; form-action 'none'"
    )


def test_attacks_are_text() -> None:
    """Control codes are written out and markup is escaped; what the script makes text nodes of is never markup."""
    page = whole("hostile")
    texts = list(every_text(page))

    assert [code for code in CONTROLS if code in page or any(code in text for text in texts)] == []
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert any("<script>alert(1)</script>" in text for text in texts)
    script = FORMS["html"].write(told(TRACES["empty"]())).rpartition("<script>")[2]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(", script)


def test_findings_can_be_read_without_script() -> None:
    """The line of an operation and what was found are markup; the failing step is named by a link to it."""
    text = whole("skopeo-1.9-vanity-302")
    shown = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)

    assert "<em>failed</em>" in shown
    assert "<code>authorization-dropped</code>" in shown
    assert 'href="#p1-s3"' in shown
    assert "<noscript>" in shown


def test_a_command_of_a_fix_stands_out_from_its_sentence() -> None:
    """It is all that is marked, and escaped as the rest is."""
    fixed = Finding(
        code="x", severity=Severity.ERROR, message="m", fix="log in: docker login 'a&b' -u <U>; or ask", steps=(1,)
    )
    page = FORMS["html"].write(replace(told(TRACES["empty"]()), findings=[fixed]))
    assert "log in: <code>docker login &#39;a&amp;b&#39; -u &lt;U&gt;</code>;</bdi>" in page


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        ("empty", "No registry traffic in here"),
        ("every-ending", "did not come"),
        ("every-ending", "sent"),
        ("dockerd-20.10-hub", "not asked for"),
        ("dockerd-20.10-hub", "97 of 100 left, per 6 h, counted on 203.0.113.7"),
        ("dockerd-29.7-containerd-vanity-302", "docker.timonback.de is a vanity domain"),
    ],
)
def test_says_what_was(trace: str, said: str) -> None:
    """Empty, failed, half, pushed and whole traces each say what they are."""
    page = whole(trace)
    assert said in page or any(said in text for text in every_text(page))


def test_one_operation_has_no_order_and_no_place_among_others() -> None:
    """What is of use for many only is there for many only: the order, when each ran, the hosts of all."""
    one, many = whole("dockerd-20.10-hub"), whole("every-ending")
    for mark in ('<select id="sort"', 'id="all-hosts"'):
        assert mark not in one
        assert mark in many
    assert "registry-1.docker.io:443\n" in many


def test_a_push_tells_its_blobs_apart() -> None:
    """Asked for before the manifest said what each of them is; the report knows it."""
    trace, _ = read_trace(str(RECORDINGS[0].with_name("dockerd-20.10-push-vanity-302.jsonl")))
    page = FORMS["html"].write(told(trace))
    titles = [step["title"] for pull in carried(page) for step in pull["steps"]]
    blobs = [title for title in titles if re.fullmatch(r"blob|config|layer \d/\d", title)]
    assert sorted(blobs) == ["config", "layer 1/4", "layer 2/4", "layer 3/4", "layer 4/4"]


def test_what_was_sent_is_known_of_pushes_only() -> None:
    """When the bytes of an upload had gone; a pull sends none."""

    def uploads(trace: str) -> list[float]:
        hops = [hop for pull in carried(whole(trace)) for step in pull["steps"] for hop in step["hops"]]
        return [hop["upload"] for hop in hops if hop.get("upload") is not None]

    assert len(uploads("every-ending")) == 4
    assert uploads("dockerd-20.10-hub") == []


def test_every_hop_is_drawn_where_it_was_asked() -> None:
    """The order of the sequence is one of all hops of the steps, and puts a token between the 401 and its repeat."""
    [pull] = carried(whole("dockerd-29.7-containerd-hub"))
    hops = [hop for step in pull["steps"] for hop in step["hops"]]
    told_hops = [hops[place] for place in pull["order"]]

    assert sorted(pull["order"]) == list(range(len(hops)))
    assert [hop["answered"] for hop in told_hops[:3]] == ["401 token required", told_hops[1]["answered"], "200"]
    assert "token" in told_hops[1]["asked"]


def test_a_text_stands_once() -> None:
    """No text stands twice in a pack, and the same pull again brings none."""
    pulls = every_ending().pulls
    first = next(pull for pull in pulls if pull.index is not None)
    texts = [packs(FORMS["html"].write(Told(source="x", pulls=[first] * times)))[1]["texts"] for times in (1, 40)]
    assert texts[0] == texts[1]
    assert len(texts[0]) == len({*texts[0]}) > 50


def test_names_and_digests_are_marks() -> None:
    """Pulls of many images share their texts: what a pack carries of one more is its name, its digests and its times."""
    wires = [Wire(client="10.0.0.1", at=1000.0 + number * 200) for number in range(40)]
    for number, wire in enumerate(wires):
        docker_classic(wire, Image(repository=f"team/app{number}"))
    page = FORMS["html"].write(told(played(*wires)))
    pack = packs(page)[1]
    own = [text for text in pack["texts"] if re.search(r"app\d|[0-9a-f]{12}", text)]

    assert own == []
    for number, pull in enumerate(carried(page)):
        told_urls = " ".join(hop["url"] for step in pull["steps"] for hop in step["hops"])
        assert f"/v2/team/app{number}/manifests/" in told_urls
        assert re.search(r"blobs/sha256:[0-9a-f]{64}", told_urls)


def test_a_page_grows_with_its_pulls() -> None:
    """Twice the pulls, twice the page and no more."""
    pulls = every_ending().pulls

    def size(times: int) -> int:
        page = FORMS["html"].write(Told(source="x", pulls=[*pulls] * times))
        return len(page) - len(FORMS["html"].write(Told(source="x", pulls=[])))

    assert size(80) < 2.2 * size(40)
