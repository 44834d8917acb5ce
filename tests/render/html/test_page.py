"""The page as it is written: one file, one style, one script, and nothing from the wire that is more than text."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from html.parser import HTMLParser

import pytest
from tests.render.samples import CONTROLS, RECORDINGS, TRACES, every_ending, recorded, told

from pullscope.cli.source import read_trace
from pullscope.render.formats import FORMS
from pullscope.render.html.page import INLINE
from pullscope.render.report_input import Told

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
    """The page of a trace with packed pulls unpacked, as a reader would have it who opens all of them."""
    text = FORMS["html"].write(told(TRACES[trace]()))
    return re.sub(
        r'<script type="application/gzip">([^<]*)</script>',
        lambda found: gzip.decompress(base64.b64decode(found[1])).decode(),
        text,
    )


@pytest.mark.parametrize("trace", TRACES)
def test_nothing_runs_or_loads_but_ours(trace: str) -> None:
    """No trace brings a script, a handler, a style or anything that is fetched into the page."""
    page = Elements(whole(trace))
    tags = [tag for tag, _ in page.found]
    names = {name for _, attributes in page.found for name in attributes}

    assert (tags.count("script"), tags.count("style")) == (1, 1)
    assert not {"img", "iframe", "object", "embed", "link", "form", "base", "audio", "video"} & set(tags)
    assert not {name for name in names if name.startswith("on") or name in ("style", "src", "srcset", "action")}


@pytest.mark.parametrize("trace", TRACES)
def test_links_lead_to_specifications_only(trace: str) -> None:
    """What is clickable is a section of a specification or a place in the page; never an address from the wire."""
    targets = [attributes["href"] or "" for _, attributes in Elements(whole(trace)).found if "href" in attributes]

    assert [target for target in targets if not OURS.match(target) and not re.fullmatch(r"#[a-z0-9-]+", target)] == []


def test_policy_names_style_and_script_by_their_hashes() -> None:
    """The policy lets the page's own style and script run and nothing else, and lets nothing load."""
    page = Elements(FORMS["html"].write(told(recorded("dockerd-20.10-hub"))))
    policy = next(
        attributes["content"] for tag, attributes in page.found if tag == "meta" and "http-equiv" in attributes
    )

    def named(text: str) -> str:
        return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; style-src '{named(''.join(page.raw['style']))}'; "
        f"script-src '{named(''.join(page.raw['script']))}'; base-uri 'none'; form-action 'none'"
    )


def test_attacks_are_text() -> None:
    """Control codes are written out and markup is escaped, in packed pulls too."""
    text = whole("hostile")

    assert [code for code in CONTROLS if code in text] == []
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_findings_come_first() -> None:
    """In a failed pull what is wrong is read before its steps, and the failing step is named by a link to it."""
    text = whole("skopeo-1.9-vanity-302")

    assert text.index("authorization-dropped</code>") < text.index('data-tab="Steps"')
    assert 'href="#p1-s3"' in text


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        ("empty", "No registry traffic in here"),
        ("every-ending", "No manifest was fetched"),
        ("every-ending", "did not come"),
        ("every-ending", ">sent<"),
        ("dockerd-20.10-hub", "not asked for"),
        ("dockerd-20.10-hub", "97 of 100 left, per 6 h, counted on 203.0.113.7"),
        ("dockerd-29.7-containerd-vanity-302", "docker.timonback.de is a vanity domain"),
    ],
)
def test_says_what_was(trace: str, said: str) -> None:
    """Empty, failed, half, pushed and whole traces each say what they are."""
    assert said in whole(trace)


def test_one_operation_has_no_order_and_no_place_among_others() -> None:
    """What is of use for many only is there for many only: the order, when each ran, the hosts of all."""
    one, many = whole("dockerd-20.10-hub"), whole("every-ending")
    for mark in ('<select id="sort">', '<svg class="span"', 'id="all-hosts"'):
        assert mark not in one
        assert mark in many
    assert "registry-1.docker.io:443\n" in many


def test_a_push_tells_its_blobs_apart() -> None:
    """Asked for before the manifest said what each of them is; the report knows it."""
    trace, _ = read_trace(str(RECORDINGS[0].with_name("dockerd-20.10-push-vanity-302.jsonl")))
    page = FORMS["html"].write(told(trace))
    blobs = re.findall(r'<span class="title">(blob|config|layer \d/\d)</span>', page)
    assert sorted(blobs) == ["config", "layer 1/4", "layer 2/4", "layer 3/4", "layer 4/4"]


def test_what_was_sent_is_drawn() -> None:
    """The bytes of an upload stand in its bar before the wait, and the legend says sending."""
    pushed = whole("every-ending")
    assert '<rect class="send ' in pushed
    assert "dark: sending<" in pushed
    assert '<rect class="send ' not in whole("dockerd-20.10-hub")


def test_times_of_an_axis_have_one_unit() -> None:
    """0 s, 0.5 s, 1 s: not 500 ms beside 1.0 s."""
    for trace in TRACES:
        for axis in re.findall(r'<svg class="axis".*?</svg>', whole(trace), re.DOTALL):
            assert len(set(re.findall(r"[\d.]+ (ms|s|min)<", axis))) <= 1


def test_many_pulls_are_packed() -> None:
    """Beyond a dozen, a pull is a line with its inside packed; up to then all of it can be read without script."""
    one = every_ending()
    few = FORMS["html"].write(Told(source="x", pulls=one.pulls[:3]))
    many = FORMS["html"].write(Told(source="x", pulls=one.pulls * (INLINE // len(one.pulls) + 1)))

    assert 'type="application/gzip"' not in few
    assert many.count('type="application/gzip"') == len(one.pulls) * (INLINE // len(one.pulls) + 1)
