"""Shares out questions about whole numbers to a pool of processes: primes, perfect numbers, long cycles."""

import multiprocessing
import os
from itertools import pairwise
from math import isqrt, prod
from operator import itemgetter

LIMIT = 20_000
PROCESSES = 3
STEP = 2500

small_primes = []


def primes_below(limit):
    """The sieve of Eratosthenes."""
    sieve = bytearray([1]) * limit
    sieve[:2] = bytes(2)
    for n in range(2, isqrt(limit) + 1):
        if sieve[n]:
            sieve[n * n :: n] = bytes(len(range(n * n, limit, n)))
    return [n for n, prime in enumerate(sieve) if prime]


def prepare(limit):
    """Runs once in each process of the pool; what it finds stays there."""
    small_primes.extend(primes_below(isqrt(limit) + 1))


def is_prime(n):
    return n > 1 and all(n % p for p in small_primes if p * p <= n)


def primes_between(start, stop):
    return [n for n in range(start, stop) if is_prime(n)]


def factors(n):
    """Prime factors with their powers; asks only for the process's own small primes."""
    found = {}
    for p in small_primes:
        while n % p == 0:
            found[p] = found.get(p, 0) + 1
            n //= p
    if n > 1:
        found[n] = 1
    return found


def divisor_sum(n):
    return prod((p ** (power + 1) - 1) // (p - 1) for p, power in factors(n).items())


def decimal_period(p):
    """How many digits of 1/p repeat: the order of 10 modulo p."""
    rest, length = 10 % p, 1
    while rest != 1:
        rest, length = rest * 10 % p, length + 1
    return p, length


def refuse(n):
    if n == 13:
        raise ValueError(f"{n} is unlucky", os.getppid() == multiprocessing.parent_process().pid)
    return n


def parts(limit):
    return [(start, min(start + STEP, limit)) for start in range(0, limit, STEP)]


def main():
    with multiprocessing.Pool(PROCESSES, prepare, (LIMIT,)) as pool:
        found = pool.starmap(primes_between, parts(LIMIT))
        for (start, stop), primes in zip(parts(LIMIT), found):
            print(f"{start:6} to {stop - 1:6}: {len(primes):4} primes, the last is {primes[-1]}")
        primes = sum(found, [])
        print("primes:", len(primes), "same as the sieve's:", primes == primes_below(LIMIT))
        for limit in (10, 100, 1000, 10_000):
            print(f"  below {limit}: {sum(p < limit for p in primes)}")
        twins = sum(b - a == 2 and b < 10_000 for a, b in pairwise(primes))
        gap, before = max((b - a, -a) for a, b in pairwise(primes))
        print("twins below 10000:", twins, "first widest gap:", gap, "after", -before)

        sums = pool.imap(divisor_sum, range(1, 10_000), chunksize=500)
        perfect, abundant = [], []
        for n, total in enumerate(sums, 1):
            (perfect if total == 2 * n else abundant if total > 2 * n else []).append(n)
        print("perfect:", *perfect, "abundant below 100:", sum(n < 100 for n in abundant))
        print("first odd abundant:", next(n for n in abundant if n % 2))

        candidates = [p for p in primes if 5 < p < 1000]
        periods = pool.imap_unordered(decimal_period, candidates, chunksize=20)
        print("longest period: 1/{} with {} digits".format(*max(periods, key=itemgetter(1))))
        try:
            pool.map(refuse, range(10, 20))
        except ValueError as error:
            text, in_child = error.args
            print("refused:", text, "in a child:", in_child, type(error.__cause__).__name__)
        later = [pool.apply_async(pow, (3, 2**n, 1009)) for n in range(6)]
        print("powers of 3 modulo 1009:", [result.get(timeout=5) for result in later])


if __name__ == "__main__":
    main()
