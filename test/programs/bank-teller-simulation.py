"""Simulates a bank's counter for a day, event by event: customers arrive, queue, give up or are served."""

import heapq
from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from random import Random

OPENING_SECONDS = 4 * 3600
SEED = 20240314


@dataclass
class Customer:
    number: int
    arrived: int
    patience: int
    started: int | None = None

    @property
    def waited(self):
        return self.started - self.arrived


@dataclass
class Bank:
    """The state of one simulated day; times are whole seconds since opening."""

    tellers: int
    random: Random
    now: int = 0
    free: int = 0
    queue: deque = field(default_factory=deque)
    events: list = field(default_factory=list)
    order: count = field(default_factory=count)
    served: list = field(default_factory=list)
    gave_up: list = field(default_factory=list)
    busy_seconds: int = 0
    closed: int = 0
    longest_queue: int = 0

    def schedule(self, delay, action, *details):
        """Events of the same second happen in the order in which they were scheduled."""
        heapq.heappush(self.events, (self.now + delay, next(self.order), action, details))

    def run(self):
        self.free = self.tellers
        self.schedule(self.random.randint(1, 120), self.arrive, 1)
        while self.events:
            self.now, _, action, details = heapq.heappop(self.events)
            action(*details)
        return self

    def arrive(self, number):
        customer = Customer(number, self.now, patience=60 * self.random.randint(2, 15))
        self.queue.append(customer)
        self.schedule(customer.patience, self.lose_patience, customer)
        self.serve_next()
        self.longest_queue = max(self.longest_queue, len(self.queue))
        gap = self.random.randint(1, 120)
        if self.now + gap < OPENING_SECONDS:
            self.schedule(gap, self.arrive, number + 1)

    def serve_next(self):
        if self.free and self.queue:
            customer = self.queue.popleft()
            customer.started = self.now
            self.free -= 1
            seconds = self.random.choice((45, 90, 90, 180, 300, 600))
            self.busy_seconds += seconds
            self.schedule(seconds, self.finish, customer)

    def finish(self, customer):
        self.served.append(customer)
        self.closed = self.now
        self.free += 1
        self.serve_next()

    def lose_patience(self, customer):
        if customer.started is None:
            self.queue.remove(customer)
            self.gave_up.append(customer)
            self.closed = self.now


def minutes(seconds):
    return f"{seconds // 60}:{seconds % 60:02}"


def report(bank):
    """One line of the table: how the day went with that many tellers."""
    waits = sorted(customer.waited for customer in bank.served)
    mean = round(Fraction(sum(waits), len(waits)))
    share = Fraction(100 * bank.busy_seconds, bank.tellers * bank.closed)
    return (
        f"{bank.tellers:7} {len(bank.served) + len(bank.gave_up):9} {len(bank.served):6}"
        f" {len(bank.gave_up):7} {minutes(mean):>9} {minutes(waits[-1]):>8}"
        f" {bank.longest_queue:5} {round(share):4}% {minutes(bank.closed):>7}"
    )


def main():
    print("tellers customers served gave up mean wait max wait queue  busy  closed")
    days = [Bank(tellers, Random(SEED)).run() for tellers in range(1, 7)]
    for bank in days:
        print(report(bank))
    enough = next(bank.tellers for bank in days if not bank.gave_up)
    print(f"{enough} tellers are enough")


if __name__ == "__main__":
    main()
