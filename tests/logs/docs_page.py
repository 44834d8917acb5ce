"""docs/logs.md, made from the table of forms and from the logs in tests/data."""

from __future__ import annotations

from pathlib import Path

from pullscope.logs.forms import FORMS

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "logs.md"

BEFORE = """\
# Logs of other tools

`report`, `explain`, `diff` and `scrub` also read the logs that people attach to bug reports, and the last words of a client: as a
file, from stdin, or in quotes in place of a file. The form is recognised from the content; there is no option for it.
Prefixes of a journal (`Nov 25 22:53:08 host dockerd[712]: `), timestamps of CI and `kubectl logs`,
`journalctl -o json` and docker's json-file are understood. So is what a log was pasted through: a mail's quotes, Markdown's
indentation, the entities of a web page, the frame of k9s, lines cut at the width of a terminal, PowerShell's UTF-16 and its
records, gzip.

```sh
pullscope report crane.log
pullscope explain 'Error response from daemon: pull access denied for ann/app, repository does not exist'
journalctl -u docker -o cat | pullscope report -
pullscope scrub crane.log safe.jsonl      # a recording without secrets, to attach to an issue
```

What a log does not show is not made up. A missing duration is `null` in the JSON report and `times not known` in the text;
without a clock, only the order of the log is used. If a form never shows something, no finding is based on its absence. One
sentence on stderr says what the form lacks.

"""
AFTER = """
In a log of skopeo, podman or buildah, a missing status is inferred from what the client did next, where only one status allows
it (200 after a token). In an HTTP dump that mixes several requests, an answer belongs to the request whose digest it names;
the content of an answer that could belong to several is left out. A body is verified if its text still hashes to the digest.
If it does not, no error is reported, because logging may have changed the text.

Of several logs in one file the first form of the table is read, and a sentence names the others. Zot and Spegel do not log the
name by which they are asked: it is `zot.invalid` or `spegel.invalid` in what is told.

BuildKit leaves addresses out of its log, and newer ones name the image that they look up: only that request is read, as one
to the image's own registry.

An error message is one exchange. Where it names only the image, that is a GET of the manifest or, in a push, the POST that begins
an upload; where it names no status, the one that its words stand for (`requested access to the resource is denied`: 401). What
was asked before that is left out, except for what it says itself: a token that was asked for had a 401 before it.

Tokens, passwords and signed addresses in a log are removed as in live traffic: [redaction.md](redaction.md). The log file
itself is not changed: attach the output of `scrub`.

To add a form: write a file in `src/pullscope/logs` with `MARK` and `read`, a row in `forms.py`, and two logs in
`tests/data/logs` with the right answer in its README; then make this page again.
"""


def page() -> str:
    """The whole page."""
    lines = ["| form | how it is made | what it lacks |", "|---|---|---|"]
    lines += [f"| `{form.name}` | {form.made_by} | {form.says} |" for form in FORMS]
    return BEFORE + "\n".join(lines) + "\n" + AFTER
