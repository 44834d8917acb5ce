"""A line for each request and for its answer, with the whole address: Dependabot's proxy, and urllib3 at debug level.

Dependabot numbers both (dependabot/dependabot-core#5103, #11215), of old it did not (dependabot/feedback#925); an answer that
refuses is below in its words. urllib3 connectionpool.py has both in one (n0madic/gitlab-registry-images-cleaner#13).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pullscope.logs.entries import entries
from pullscope.logs.exchange import Exchange, Waiting

_PROXY = r"proxy \| \d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?:\[(\d+)\] )?"
_ASKED = re.compile(rf"{_PROXY}(GET|HEAD|POST|PUT|PATCH|DELETE) (https?://\S+)$")
_ANSWERED = re.compile(rf"{_PROXY}(\d{{3}}) (https?://\S+)$")
_WORDS = re.compile(rf"{_PROXY}Remote response: (.+)$")
_BOTH = re.compile(r'(https?://[^\s"/]+) "([A-Z]+) (/\S*) HTTP/[\d.]+" (\d{3})\b')

MARK = re.compile(r'proxy \| .* https?://\S+/v2/|https?://[^\s"/]+ "[A-Z]+ /v2/\S* HTTP/[\d.]+" \d{3}')


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    found, waiting = list[Exchange](), Waiting()
    last: Exchange | None = None
    for entry in entries(lines):
        said = entry.message.strip()
        if asked := _ASKED.search(said):
            one = Exchange(method=asked[2], url=asked[3], asked_line=entry.line, connection=asked[1])
            found.append(waiting.add(one))
        elif answered := _ANSWERED.search(said):
            number, url = answered[1], answered[3]
            last = waiting.find(lambda one, at=(number, url): (one.connection, one.url) == at, oldest=True)  # type: ignore[misc]
            if last is not None:
                last.answer(int(answered[2]), None, entry.line)
        elif (words := _WORDS.search(said)) and last is not None and last.connection == words[1]:
            last.body = words[2].encode()
        elif both := _BOTH.search(said):
            found.append(Exchange(method=both[2], url=f"{both[1]}{both[3]}", asked_line=entry.line))
            found[-1].answer(int(both[4]), None, entry.line)
    yield from found
