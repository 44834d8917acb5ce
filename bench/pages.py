"""What the HTML report of many pulls costs: `python bench/pages.py 5000`. No proxy is needed for that, and none is compared.

The pulls are the recordings of docker 20.10, docker 29.7 and skopeo, each with times of its own and the names and digests of
one of `--images` images; one pull in twenty fails.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

from pullscope.cli.source import few_collections
from pullscope.mitm.flow_file import FlowFile
from pullscope.render.formats import Told
from pullscope.render.html.page import page
from pullscope.trace.events import Event
from pullscope.trace.model import Pull
from pullscope.trace.recording import from_line, to_line
from pullscope.trace.trace import Trace

RECORDINGS = Path(__file__).parents[1] / "tests" / "data" / "recordings"
SUCCEED = (
    8 * ("dockerd-29.7-containerd-hub",) + 6 * ("dockerd-20.10-hub",) + 5 * ("dockerd-29.7-containerd-vanity-302",)
)
KINDS = (*SUCCEED, "skopeo-1.9-vanity-302")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("pulls", type=int, nargs="*", default=[1250, 2500, 5000])
    asked.add_argument("--images", type=int, default=200)
    asked.add_argument("--out", type=Path, help="keep the last page there")
    words = asked.parse_args()
    for number in words.pulls:
        pulls = made(number, words.images)
        began = time.process_time()
        with few_collections():
            text = page(Told(source="bench", pulls=pulls))
        took = time.process_time() - began
        size = len(text.encode()) / 1e6
        print(
            f"{len(pulls)} pulls, {sum(len(one.hops) for one in pulls)} exchanges: {took:.1f} s of CPU, {size:.1f} MB"
        )
        if words.out:
            words.out.write_text(text)


def made(number: int, images: int) -> list[Pull]:
    """So many pulls, numbered from 1."""
    recorded = [_lines(RECORDINGS / f"{kind}.mitm") for kind in KINDS]
    pulls: list[Pull] = []
    for at in range(number):
        trace = Trace()
        for event in _another(recorded[at % len(recorded)], at, images):
            trace.feed(event)
        trace.finish()
        for pull in trace.pulls:
            pull.id = len(pulls) + 1
            pulls.append(pull)
    return pulls


def _lines(path: Path) -> list[str]:
    with path.open("rb") as file:
        return sorted(
            (to_line(event) for event in FlowFile(path.name).events(file)), key=lambda line: json.loads(line)["time"]
        )


def _another(lines: list[str], number: int, images: int) -> Iterator[Event]:
    """The same pull of another image, later, with waits of its own."""
    chance, late = random.Random(number), number * 30.0  # noqa: S311 - no secret
    for line in lines:
        text = re.sub(
            r"[0-9a-f]{64}", lambda found: hashlib.sha256(f"{found[0]}{number % images}".encode()).hexdigest(), line
        )
        event = json.loads(text.replace("zephykus", f"image-{number % images}"))
        late += chance.uniform(0, 0.01)
        event["time"] += late
        made = from_line(json.dumps(event))
        if made is not None:
            yield made


if __name__ == "__main__":
    main()
