"""Solves classic problems by dynamic programming: change, partitions, knapsack, edits, sequences."""

from bisect import bisect_left
from functools import cache, lru_cache, reduce, wraps

CENTS = (1, 5, 10, 25, 50, 100)
PENCE = (1, 2, 5, 10, 20, 50, 100, 200)
LUGGAGE = """map 9 150, compass 13 35, water 153 200, sandwich 50 160, glucose 15 60, tin 68 45,
    banana 27 60, apple 39 40, cheese 23 30, beer 52 10, cream 11 70, camera 32 30, shirt 24 15,
    trousers 48 10, umbrella 73 40, overtrousers 42 70, overclothes 43 75, wallet 22 80,
    sunglasses 7 20, towel 18 12, socks 4 50, book 30 10"""


def counted(function):
    """Counts the calls that get through to a function, below any cache."""

    @wraps(function)
    def wrapper(*args):
        wrapper.calls += 1
        return function(*args)

    wrapper.calls = 0
    return wrapper


@cache
@counted
def ways_to_change(cents, coins):
    """In how many ways an amount can be paid with these coins."""
    if cents == 0:
        return 1
    if cents < 0 or not coins:
        return 0
    return ways_to_change(cents - coins[-1], coins) + ways_to_change(cents, coins[:-1])


@lru_cache(maxsize=10_000)
def partitions(total, largest):
    """In how many ways a number is a sum of others, none above the largest."""
    if total == 0:
        return 1
    largest = min(total, largest)
    return sum(partitions(total - part, min(part, total - part)) for part in range(1, largest + 1))


def pack(items, limit):
    """The most valuable selection whose weight is within the limit, row by row of the table."""
    rows = [[0] * (limit + 1)]
    for _, weight, value in items:
        last = rows[-1]
        better = [without + value for without in last[: limit + 1 - weight]]
        rows.append(last[:weight] + list(map(max, last[weight:], better)))
    chosen, room = [], limit
    for (name, weight, _), row, before in zip(items[::-1], rows[::-1], rows[-2::-1]):
        if row[room] != before[room]:
            chosen.append(name)
            room -= weight
    return rows[-1][limit], limit - room, sorted(chosen)


def edit_distance(one, other):
    """Fewest letters to insert, delete or replace; keeps a single row of the table."""

    def next_row(row, letter):
        new = [row[0] + 1]
        for above, beside, target in zip(row[1:], row, other):
            new.append(min(above + 1, new[-1] + 1, beside + (letter != target)))
        return new

    return reduce(next_row, one, list(range(len(other) + 1)))[-1]


def difference(old, new):
    """The changes that keep the longest common subsequence, as words with + or - before them."""

    @cache
    def common(i, j):
        if i == len(old) or j == len(new):
            return 0
        if old[i] == new[j]:
            return 1 + common(i + 1, j + 1)
        return max(common(i + 1, j), common(i, j + 1))

    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and old[i] == new[j]:
            yield old[i]
            i, j = i + 1, j + 1
        elif j == len(new) or i < len(old) and common(i + 1, j) >= common(i, j + 1):
            yield f"-{old[i]}"
            i += 1
        else:
            yield f"+{new[j]}"
            j += 1


def longest_rise(numbers):
    """Length of the longest increasing subsequence: the smallest last number for each length."""
    ends = []
    for number in numbers:
        place = bisect_left(ends, number)
        ends[place : place + 1] = [number]
    return len(ends)


def main():
    for sign, cents, coins in (("$1", 100, CENTS), ("$2", 200, CENTS), ("£2", 200, PENCE)):
        print(f"change for {sign}: {ways_to_change(cents, coins)} ways")
    print("calls:", ways_to_change.__wrapped__.calls == ways_to_change.cache_info().misses)
    print("partitions:", [partitions(n, n) for n in (1, 5, 10, 50, 100)])
    items = map(str.split, LUGGAGE.split(","))
    value, weight, names = pack([(name, int(w), int(v)) for name, w, v in items], 400)
    print(f"luggage: value {value}, weight {weight}: {', '.join(names)}")
    for one, other in [("kitten", "sitting"), ("rosettacode", "raisethysword"), ("雷电", "电雷雨")]:
        print(f"from {one!r} to {other!r}: {edit_distance(one, other)}")
    print("edited:", *difference("the quick brown fox jumps".split(), "the brown lazy fox jumps up".split()))
    print("longest rise:", longest_rise([0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]))


main()
