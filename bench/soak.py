"""Pulls without end through the addon's own hooks: `python bench/soak.py`, which is 100,000 pulls and 1,100,000 exchanges.

200 clients at once, each with an address of its own, in simulated time. Whose each exchange is, is known, so every pull that is
told is compared with it. What is told: memory and the CPU time of an exchange, tenth by tenth; exit 1 where a pull is told wrong,
or where from the first tenth to the last memory grows by more than a tenth, or an exchange costs a quarter more.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.flow_file import pull
from mitmproxy import http
from tests.make import loaded, through

from pullscope.mitm.watch import Watch
from pullscope.render.labels import label
from pullscope.trace.model import Change, Ending

CLIENTS = 200
PARTS = 3
OF_ONE = 5 + 2 * PARTS
"""Exchanges of a pull: version check, token, HEAD, index, manifest, and two for the config and each layer."""
TENTHS = 10
MAY_GROW = 1.1
"""Memory at the end, to that after the first tenth."""
MAY_COST = 1.25
"""What an exchange of the last tenth costs, to one of the first; a machine that is busy with other things varies by as much."""


class Judge:
    """Compares each pull that has ended with what was played."""

    def __init__(self) -> None:
        self.ended = 0
        self.wrong: list[str] = []

    def show(self, changes: Sequence[Change]) -> None:
        """What the addon tells."""
        for change in changes:
            told = change.pull
            if told is None or not told.closed or change.step is not None:
                continue
            self.ended += 1
            clients = {hop.request.client for hop in told.hops}
            names = {hop.route.repository for hop in told.hops if hop.route.repository is not None}
            if told.outcome is not Ending.COMPLETE or len(clients) != 1 or len(names) != 1 or len(told.hops) != OF_ONE:
                self.wrong.append(
                    f"{told.reference}: {told.outcome}, {len(told.hops)} exchanges of {sorted(clients)}, {sorted(names)}"
                )


def one_client(number: int, pulls: int) -> Iterator[tuple[float, int, http.HTTPFlow]]:
    """The exchanges of one client, one pull after the other, each with its time and the client's number."""
    address = f"10.0.{number // 250}.{number % 250 + 1}"
    for nth in range(pulls):
        whole = pull(nth * CLIENTS + number, 1_700_000_000.0 + nth * 60 + number * 0.0007, whole=True, parts=PARTS)
        for flow in itertools.islice(whole, OF_ONE):  # the last is a version check of its own
            flow.live = True
            flow.client_conn.peername = (address, 40_000)
            yield flow.request.timestamp_start, number, flow


def resident() -> float:
    """MiB of memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def soak(pulls: int) -> int:
    """Play them and report the result; the exit code."""
    judge = Judge()
    watch = Watch(labels=label, listeners=[judge.show])
    played = heapq.merge(
        *(one_client(number, pulls // CLIENTS) for number in range(CLIENTS)), key=lambda each: each[:2]
    )
    total = pulls // CLIENTS * CLIENTS * OF_ONE
    memory: list[float] = []
    cost: list[float] = []
    with loaded(watch):
        for tenth in range(TENTHS):
            part = itertools.islice(played, total // TENTHS if tenth < TENTHS - 1 else None)
            inside, count, now = 0.0, 0, 0.0
            for at, _, flow in part:
                began = time.process_time()
                through(watch, flow)
                inside += time.process_time() - began
                count, now = count + 1, at
            watch.trace.tick(now)
            memory.append(resident())
            cost.append(inside / count * 1e6)
            print(f"{(tenth + 1) * 10:3} %  {memory[-1]:6.0f} MiB  {cost[-1]:5.0f} us an exchange", flush=True)
    grown, dearer = memory[-1] / memory[0], cost[-1] / cost[0]
    print(
        f"{total:,} exchanges of {CLIENTS} clients, {judge.ended:,} pulls told, {len(judge.wrong):,} of them wrong; "
        f"from the first tenth to the last: memory x {grown:.2f}, an exchange x {dearer:.2f}"
    )
    for wrong in judge.wrong[:5]:
        print(f"  {wrong}")
    bad = judge.wrong or judge.ended != total // OF_ONE
    return 1 if bad or grown > MAY_GROW or dearer > MAY_COST else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Play many pulls through the addon's hooks.")
    parser.add_argument("--pulls", type=int, default=100_000, metavar="N", help="how many; %(default)s by default")
    return soak(max(CLIENTS, parser.parse_args().pulls))


if __name__ == "__main__":
    sys.exit(main())
