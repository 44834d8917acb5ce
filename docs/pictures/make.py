"""Makes the pictures of the README and the docs from real runs: `python docs/pictures/make.py`.

The demos from which docs/how-a-pull-works.md is made are recorded anew too.

Each picture is what a command printed, in colour, set by rich as SVG. The fonts are the reader's own: rich's reference to
fonts on the network is taken out, so that a picture makes no network requests. The HTML report is photographed by Chromium,
where there is one.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from pullscope.trace.events import Event
from pullscope.trace.recording import first_line, to_line

HERE = Path(__file__).resolve().parent
PICTURES: dict[str, tuple[str, list[str]]] = {
    "demo": ("pullscope demo", ["demo"]),
    "vanity-skopeo": ("pullscope demo --vanity --client skopeo", ["demo", "--vanity", "--client", "skopeo"]),
}
RECORDINGS = HERE.parents[1] / "tests" / "data" / "recordings"
DEMOS = HERE.parents[1] / "tests" / "data" / "demo"
DEMO_RUNS: dict[str, list[str]] = {
    "direct": ["demo", "--client", "docker-classic"],
    "vanity": ["demo", "--client", "docker-classic", "--vanity"],
}
"""What docs/how-a-pull-works.md is made of."""
REPORTS: dict[str, str] = {
    "report": "dockerd-29.7-containerd-vanity-302",
    "report-failed": "skopeo-1.9-vanity-302",
}
"""Pictures of reports, each in light and dark, and the recording that each is of."""
SCHEMES = {"light": 1, "dark": 0}
"""Blink's numbers for prefers-color-scheme."""
RULES = """\
[[redirects]]
  from = "/v2/"
  to = "https://registry-1.docker.io/v2/"
  status = 302
  force = true

[[redirects]]
  from = "/v2/timonback/*"
  to = "https://registry-1.docker.io/v2/timonback/:splat"
  status = 302
  force = true
"""
BEGAN = 1_795_425_900.0
"""When the two pulls of the live pictures begin."""
FONT_FACE = re.compile(r"@font-face \{.*?\}", re.DOTALL)


def output_of(words: list[str]) -> str:
    """What a command prints on a terminal of 80 columns."""
    code = "from pullscope.cli.main import main; main()"
    env = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "80"}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env=env, check=True
    )
    return done.stdout


def draw(title: str, text: str) -> str:
    """The text as an SVG picture of a terminal."""
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(Text.from_ansi(text.rstrip("\n")))
    return FONT_FACE.sub("", console.export_svg(title=title))


def photograph_reports() -> None:
    """The HTML report in light and dark, as Chromium shows it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium here: the pictures of the report stay as they were")
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, recording in REPORTS.items():
            page = Path(folder) / f"{recording}.html"
            output_of(["report", "--format", "html", "-o", str(page), str(RECORDINGS / f"{recording}.mitm")])
            for scheme, number in SCHEMES.items():
                subprocess.run(  # noqa: S603 - the browser that was found above
                    [
                        *(
                            chromium,
                            "--headless",
                            "--no-sandbox",
                            "--disable-gpu",
                            "--hide-scrollbars",
                            "--no-first-run",
                        ),
                        *(
                            "--disable-background-networking",
                            "--disable-component-update",
                            "--virtual-time-budget=5000",
                        ),
                        *(f"--user-data-dir={folder}/profile", f"--blink-settings=preferredColorScheme={number}"),
                        *("--window-size=1280,860", f"--screenshot={HERE / f'{name}-{scheme}.png'}", page.as_uri()),
                    ],
                    check=True,
                    capture_output=True,
                )


def draw_matrix() -> None:
    """Who can pull from a domain that only redirects."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "netlify.toml").write_text(RULES, encoding="utf-8")
        words = ["vanity", "try", f"{folder}/netlify.toml", "--host", "docker.example.com"]
        told = output_of([*words, "--ref", "docker.example.com/timonback/zephykus"])
    title = "pullscope vanity try netlify.toml --host docker.example.com"
    (HERE / "client-matrix.svg").write_text(draw(title, told), encoding="utf-8")


def two_pulls_until(until: float) -> list[Event]:
    """Two recorded pulls as if they had begun together, as far as they were then."""
    from pullscope.mitm.flow_file import FlowFile

    events: list[Event] = []
    for number, name in enumerate(("dockerd-20.10-hub", "dockerd-29.7-containerd-vanity-302")):
        with (RECORDINGS / f"{name}.mitm").open("rb") as file:
            seen = [*FlowFile(name).events(file)]
        for event in seen:
            # One clock and one numbering for both; what numbers stand for does not meet here.
            times = ("time", "connected", "dialed", "reached", "secured")
            moved: dict[str, Any] = {
                field: value - seen[0].time + BEGAN
                for field in times
                if (value := getattr(event, field, None)) is not None
            }
            for field in ("exchange", "connection", "url_id", "referer_id", "location_id", "credential", "issued"):
                value = getattr(event, field, None)
                if value is not None:
                    moved[field] = value + 10_000 * number
            events.append(replace(event, **moved))
    return [event for event in sorted(events, key=lambda event: event.time) if event.time <= BEGAN + until]


def draw_live_view() -> None:
    """The live table in the middle of the two."""
    from pullscope.render.live import pulls_under_way, rows_of, table
    from pullscope.trace.trace import Trace

    trace = Trace()
    for event in two_pulls_until(0.29):
        trace.feed(event)
    shown = table(pulls_under_way(trace), BEGAN + 0.29, width=80, most_rows=9, arriving=lambda _exchange: 0, rates={})
    text = "\n".join(rows_of(shown, width=80, color=True))
    (HERE / "live.svg").write_text(draw("pullscope trace --view live", text), encoding="utf-8")


def photograph_live_page() -> None:
    """The page of `--web` at the same moment."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        print("no playwright with Chromium here: the picture of the live page stays as it was")
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        recording = Path(folder) / "live.jsonl"
        lines = [first_line(), *map(to_line, two_pulls_until(0.23))]
        recording.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        words = [sys.executable, "-P", "-m", "pullscope.cli.live_page", str(recording)]
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - ours
            page.goto(server.stdout.readline().strip() if server.stdout else "")
            page.locator(".pull .step").nth(8).wait_for()
            page.screenshot(path=HERE / "live-page.png", animations="disabled")
            browser.close()
            if server.stdin is not None:
                server.stdin.close()


def record_demos() -> None:
    """The demo's traces, anew."""
    DEMOS.mkdir(exist_ok=True)
    for name, words in DEMO_RUNS.items():
        target = DEMOS / f"{name}.jsonl"
        target.unlink(missing_ok=True)
        output_of([*words, "-o", str(target)])


def main() -> None:
    """Make every picture anew."""
    for name, (title, words) in PICTURES.items():
        (HERE / f"{name}.svg").write_text(draw(title, output_of(words)), encoding="utf-8")
    draw_matrix()
    draw_live_view()
    photograph_reports()
    photograph_live_page()
    record_demos()


if __name__ == "__main__":
    main()
