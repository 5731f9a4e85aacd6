"""Merges the readings of two step counters and follows them day by day through a pipeline of generators."""

import heapq
from collections import deque
from datetime import date, timedelta
from itertools import accumulate, chain, compress, count, groupby, islice, pairwise, takewhile, tee
from operator import itemgetter

START = date(2024, 2, 19)
GOAL = 10_000
WEEKDAYS = "Mon Tue Wed Thu Fri Sat Sun".split()

day_of = itemgetter(0)
steps_of = itemgetter(1)


def readings(first, every, factor, until):
    """A counter that is read every few hours; yields days and the steps since it was read last."""
    for hour in takewhile(lambda hour: hour < until, count(first, every)):
        yield START + timedelta(hours=hour), hour, hour * hour * factor % 1501


def stamped(device):
    """Orders readings by their hour."""
    return ((hour, day, steps) for day, hour, steps in device)


def without_glitches(events, limit=1450):
    return (event for event in events if event[2] < limit)


def daily(events):
    """Sums up what comes in the order of time; holds no more than one day."""
    for day, group in groupby(events, key=itemgetter(1)):
        yield day, sum(steps for _, _, steps in group)


def windows(items, size):
    """Sliding windows: abc, bcd, cde."""
    window = deque(islice(items, size - 1), maxlen=size)
    for item in items:
        window.append(item)
        yield tuple(window)


def chunks(items, size):
    """Parts of this size, and a last one that may be shorter."""
    iterator = iter(items)
    return iter(lambda: tuple(islice(iterator, size)), ())


def streaks(days):
    """First day and length of each row of days on which the goal was reached."""
    for reached, group in groupby(days, key=lambda entry: steps_of(entry) >= GOAL):
        if reached:
            first, *others = group
            yield day_of(first), 1 + len(others)


def records(days):
    """Days that were better than all before them."""
    days, again = tee(days)
    best = accumulate(map(steps_of, again), max)
    rises = chain([True], (before < now for before, now in pairwise(best)))
    return compress(days, rises)


def bar(steps, unit=500):
    return "=" * (steps // unit)


def main():
    hours = 24 * 19
    watch = readings(first=1, every=3, factor=7, until=hours)
    phone = readings(first=8, every=4, factor=13, until=hours)
    merged = without_glitches(heapq.merge(stamped(watch), stamped(phone)))
    days = list(daily(merged))

    for week, part in enumerate(chunks(days, 7), 1):
        print(f"week {week}")
        for day, steps in part:
            mark = "*" if steps >= GOAL else " "
            print(f"  {WEEKDAYS[day.weekday()]} {day:%d.%m.} {steps:6} {mark} {bar(steps)}")
        print(f"  {'mean':10} {round(sum(map(steps_of, part)) / len(part)):6}")

    totals = list(map(steps_of, days))
    print("total", sum(totals), "steps in", len(days), "days")
    print("best three days together:", max(sum(window) for window in windows(iter(totals), 3)))
    print("records:", ", ".join(f"{day:%d.%m.} {steps}" for day, steps in records(iter(days))))
    print("streaks:", ", ".join(f"{length} from {day:%d.%m.}" for day, length in streaks(days)))
    enough = len(list(takewhile(lambda total: total < 100_000, accumulate(totals)))) + 1
    print("100000 steps reached on day", enough)
    _, turns = max((abs(b - a), f"{a} to {b}") for a, b in pairwise(totals))
    print("largest change:", turns)


main()
