"""What holds for every form: it is written for every trace, the same every time, and obeys nothing that it shows."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.render.samples import CONTROLS, TRACES, recorded, told

from pullscope.render.formats import FORMS

DOCS = Path(__file__).parents[2] / "docs" / "exports.md"

every_form = pytest.mark.parametrize("form", FORMS)


@every_form
@pytest.mark.parametrize("trace", TRACES)
def test_same_trace_same_text(form: str, trace: str) -> None:
    """A form is a function of the trace: no clock, no chance; and there is no trace that it cannot write."""
    assert FORMS[form].write(told(TRACES[trace]())) == FORMS[form].write(told(TRACES[trace]()))


@every_form
def test_no_control_code_comes_through(form: str) -> None:
    """Escape codes, bells, carriage returns and marks that turn the writing direction are written out."""
    text = FORMS[form].write(told(TRACES["hostile"]()))

    assert [code for code in CONTROLS if code in text] == []


@every_form
@pytest.mark.parametrize("recording", [name for name in TRACES if name.startswith(("docker", "skopeo"))])
def test_no_secret_of_the_recordings(form: str, recording: str) -> None:
    """The made-up tokens and signatures are in the flow files and in no output made of them."""
    text = FORMS[form].write(told(TRACES[recording]()))

    assert "T:repository:" not in text
    assert "secret123" not in text


def test_the_table_of_the_docs_is_that_of_the_forms() -> None:
    """docs/exports.md names each form and what reads it; PULLSCOPE_REWRITE=1 writes the table anew."""
    rows = [f"| `{name}` | {form.what} | {form.reader} |" for name, form in FORMS.items()]
    table = "\n".join(["| form | what it is | read by |", "|---|---|---|", *rows])
    text = DOCS.read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- forms -->\n")
    current, _, after = rest.partition("\n<!-- end of forms -->")
    if os.environ.get("PULLSCOPE_REWRITE"):
        DOCS.write_text(f"{before}<!-- forms -->\n{table}\n<!-- end of forms -->{after}", encoding="utf-8")
        return
    assert current == table


def test_jsonl_is_a_line_a_pull() -> None:
    """Each line holds a pull as in the JSON report, and says of which source it is."""
    [line] = FORMS["jsonl"].write(told(recorded("dockerd-20.10-hub"))).splitlines()
    pull = json.loads(line)

    assert (pull["schema_version"], pull["source"]) == (1, "test.mitm")
    assert pull["client"]["family"] == "docker"
