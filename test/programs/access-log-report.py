"""Reads a web server's access log from standard input and reports traffic, errors and guessed passwords."""

import re
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

LINE = re.compile(
    r"""
    (?P<client>\d{1,3}(?:\.\d{1,3}){3}) \s \S+ \s (?P<user>\S+) \s
    \[(?P<time>[^\]]+)\] \s
    "(?P<method>[A-Z]+) \s (?P<target>\S+) \s HTTP/\d(?:\.\d)?" \s
    (?P<status>[1-5]\d\d) \s (?P<size>\d+|-) \s
    "(?P<referrer>[^"]*)" \s "(?P<agent>[^"]*)"
    """,
    re.VERBOSE,
)
QUERY = re.compile(r"\?.*$")
NUMBER_IN_PATH = re.compile(r"(?<=/)\d+(?=/|$)")
AGENT_FAMILIES = [
    ("robot", re.compile(r"bot\b|spider|crawl", re.IGNORECASE)),
    ("script", re.compile(r"^(?:curl|python-requests|Wget)/")),
    ("Firefox", re.compile(r"Firefox/(\d+)")),
    ("Chrome", re.compile(r"Chrome/(\d+)")),
]
GUESSES = 3
GUESSING_TIME = timedelta(seconds=60)


class Request(NamedTuple):
    client: str
    time: datetime
    method: str
    route: str
    status: int
    size: int
    family: str


def route_of(target):
    """The path without query, with `:id` for the numbers in it."""
    return NUMBER_IN_PATH.sub(":id", QUERY.sub("", target))


def family_of(agent):
    for family, pattern in AGENT_FAMILIES:
        if match := pattern.search(agent):
            return f"{family} {match[1]}" if match.lastindex else family
    return "other"


def parse(line):
    """The request that a line tells of, or None where it is no line of such a log."""
    match = LINE.fullmatch(line)
    if not match:
        return None
    return Request(
        client=match["client"],
        time=datetime.strptime(match["time"], "%d/%b/%Y:%H:%M:%S %z"),
        method=match["method"],
        route=route_of(match["target"]),
        status=int(match["status"]),
        size=0 if match["size"] == "-" else int(match["size"]),
        family=family_of(match["agent"]),
    )


def guessing_clients(requests):
    """Clients whose logins were refused GUESSES times within GUESSING_TIME."""
    refused = defaultdict(list)
    for request in requests:
        if request.route == "/login" and request.status == 401:
            refused[request.client].append(request.time)
    for client, times in sorted(refused.items()):
        for first, last in zip(times, times[GUESSES - 1 :]):
            if last - first <= GUESSING_TIME:
                yield client, first
                break


def print_counts(title, counts, limit=None):
    print(f"\n{title}")
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]:
        print(f"{count:>8,}  {name}")


def main():
    lines = [line.rstrip("\n") for line in sys.stdin if line.strip()]
    parsed = [(number, line, parse(line)) for number, line in enumerate(lines, 1)]
    requests = sorted((request for *_, request in parsed if request), key=lambda r: r.time)
    print(f"{len(lines)} lines, {len(requests)} requests")
    for number, line, request in parsed:
        if request is None:
            print(f"line {number} not understood: {line[:40]}")

    traffic = Counter()
    for request in requests:
        traffic[request.client] += request.size
    print_counts("by class of status", Counter(f"{r.status // 100}xx" for r in requests))
    print_counts("routes asked for most", Counter(f"{r.method} {r.route}" for r in requests), 4)
    print_counts("programs", Counter(request.family for request in requests))
    print_counts("bytes by client", traffic)

    print("\nby hour")
    hours = Counter(request.time.hour for request in requests)
    for hour in range(min(hours), max(hours) + 1):
        print(f"   {hour:02}:00  {'#' * hours[hour]}".rstrip())
    for client, since in guessing_clients(requests):
        print(f"\n{client} guesses passwords since {since:%Y-%m-%d %H:%M:%S}")
    print(f"\n{sum(traffic.values()):,} bytes in all")


main()
