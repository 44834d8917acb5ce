"""A service's recording stays bounded."""

from __future__ import annotations

import json
from pathlib import Path

from mitmproxy import http
from tests.make import exchange, in_mitmproxy, loaded, through

from pullscope.mitm import recorder
from pullscope.mitm.recorder import Recorder
from pullscope.mitm.rotation import Rotation
from pullscope.mitm.watch import Watch


def manifest() -> http.HTTPFlow:
    return exchange(answer=b"{}", answer_headers=[("Content-Length", "2")])


def rotations(path: Path, before: bool) -> list[object]:
    found: list[object] = []
    watch = Watch()

    @in_mitmproxy
    async def run() -> None:
        with loaded(watch) as context:
            if before:
                context.master.addons.add(Rotation())
            context.options.update(pullscope_out=f"+{path}")
            if not before:
                context.master.addons.add(Rotation())
            context.options.update(pullscope_rotate_keep=2)
            through(watch, manifest())
            recorder = watch._pipeline.recorder
            assert isinstance(recorder, Recorder)
            found.append(recorder._file.rotation)
            context.options.update(pullscope_out=str(path.with_suffix(".asked")))
            recorder = watch._pipeline.recorder
            assert isinstance(recorder, Recorder)
            found.append(recorder._file.rotation)

    run()
    return found


def test_the_options_reach_the_recording(tmp_path: Path) -> None:
    """In either order of -s; a recording that is not continued, which a person asked for, is left whole."""
    wanted = [recorder.Rotation(50_000_000, 2), None]

    assert rotations(tmp_path / "a.jsonl", before=True) == wanted
    assert rotations(tmp_path / "b.jsonl", before=False) == wanted
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])["event"] == "recording"
