"""What holds for every form: it is written for every trace, the same every time, and obeys nothing that it shows."""

from __future__ import annotations

import json

import pytest
from tests.render.samples import CONTROLS, TRACES, recorded, told

from pullscope.render.forms import FORMS, jsonl

every_form = pytest.mark.parametrize("form", FORMS)


@every_form
@pytest.mark.parametrize("trace", TRACES)
def test_same_trace_same_text(form: str, trace: str) -> None:
    """A form is a function of the trace: no clock, no chance; and there is no trace that it cannot write."""
    assert FORMS[form](told(TRACES[trace]())) == FORMS[form](told(TRACES[trace]()))


@every_form
def test_no_control_code_comes_through(form: str) -> None:
    """Escape codes, bells, carriage returns and marks that turn the writing direction are written out."""
    text = FORMS[form](told(TRACES["hostile"]()))

    assert [code for code in CONTROLS if code in text] == []


@every_form
@pytest.mark.parametrize("recording", [name for name in TRACES if name.startswith(("docker", "skopeo"))])
def test_no_secret_of_the_recordings(form: str, recording: str) -> None:
    """The made-up tokens and signatures are in the flow files and in nothing that is made of them."""
    text = FORMS[form](told(TRACES[recording]()))

    assert "T:repository:" not in text
    assert "secret123" not in text


def test_jsonl_is_a_line_a_pull() -> None:
    """Each line holds a pull as in the JSON report, and says of which source it is."""
    [line] = jsonl(told(recorded("dockerd-20.10-hub"))).splitlines()
    pull = json.loads(line)

    assert (pull["schema_version"], pull["source"]) == (1, "test.mitm")
    assert pull["client"]["family"] == "docker"
