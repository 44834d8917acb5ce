"""docs/logs.md, made from the table of forms and from the logs in tests/data."""

from __future__ import annotations

from pathlib import Path

from pullscope.logs.forms import FORMS

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "logs.md"

BEFORE = """\
# Logs that others made

`report`, `explain`, `diff` and `scrub` also read what people attach to bug reports. The form is recognised by what is in the
file; no option names it. A journal's prefix (`Nov 25 22:53:08 host dockerd[712]: `), timestamps of CI and `kubectl logs`,
`journalctl -o json` and docker's json-file are looked through.

```sh
pullscope report crane.log
journalctl -u docker -o cat | pullscope report -
pullscope scrub crane.log safe.jsonl      # a recording without secrets, which may be attached
```

What a log does not show is not made up. A duration that is not in it is `null` in the JSON report, and the story says
`times not known`; where there is no clock either, the order of the log is all there is. A finding that would follow from not
seeing something that such a log never shows is not told. One sentence on stderr says what the form lacks.

"""
AFTER = """
A status that is not in a log of skopeo, podman or buildah is taken from what the client did next, where it goes on after one
status only (200 after a token). In an HTTP dump that mixes several requests, an answer goes to the request whose digest it
names; the content of one that could belong to several is left out. A body counts as verified where its text still hashes to
the digest; that it does not says nothing, for text may have been changed on its way into the log.

Tokens, passwords and signed addresses in a log are taken out as in live traffic: [redaction.md](redaction.md). The log itself
is left as it is: attach what `scrub` writes.

How to add a form: a file in `src/pullscope/logs` with `MARK` and `read`, a row in `forms.py`, two logs in `tests/data/logs`
with the right answer in its README, and this page made anew.
"""


def page() -> str:
    """The whole page."""
    lines = ["| form | how it is made | what it lacks |", "|---|---|---|"]
    lines += [f"| `{form.name}` | {form.made_by} | {form.says} |" for form in FORMS]
    return BEFORE + "\n".join(lines) + "\n" + AFTER
