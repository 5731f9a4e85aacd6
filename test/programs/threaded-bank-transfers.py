"""Moves money between accounts with several threads: a queue of jobs, locks in a fixed order, a barrier."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import Full, PriorityQueue, Queue

THREADS = 6
START_CENTS = 100_000
NAMES = ["ann", "bob", "cy", "dee", "eve"]
STOP = None


@dataclass
class Account:
    name: str
    cents: int = START_CENTS
    lock: threading.Lock = field(default_factory=threading.Lock)
    moves: int = 0

    def add(self, cents):
        balance = self.cents
        self.cents = balance + cents
        self.moves += 1


class Bank:
    def __init__(self, names):
        self.accounts = {name: Account(name) for name in names}
        self.journal = Queue()

    def transfer(self, source, target, cents):
        """Takes both locks, always in the order of names, so that no two threads wait for each other."""
        with ExitStack() as locks:
            for name in sorted({source, target}):
                locks.enter_context(self.accounts[name].lock)
            self.accounts[source].add(-cents)
            self.accounts[target].add(cents)
        self.journal.put((source, target, cents))

    @property
    def total(self):
        return sum(account.cents for account in self.accounts.values())


class Gauge:
    """Counts how many are inside at the same time, and remembers the most."""

    def __init__(self, places):
        self.places = threading.BoundedSemaphore(places)
        self.lock = threading.Lock()
        self.inside = self.most = 0

    def __enter__(self):
        self.places.acquire()
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *_):
        with self.lock:
            self.inside -= 1
        self.places.release()


def jobs(count):
    """Transfers of every account to every other one, of sums between 1 and 997 cents."""
    for number in range(count):
        source = NAMES[number % 5]
        target = NAMES[(number + 1 + number // 5 % 4) % 5]
        yield source, target, number * 31 % 997 + 1


def work(bank, todo, ready, gauge, done):
    ready.wait()
    finished = 0
    while (job := todo.get()) is not STOP:
        with gauge:
            bank.transfer(*job)
        finished += 1
    done.put(finished)


def main():
    bank, gauge = Bank(NAMES), Gauge(places=3)
    todo, done = Queue(maxsize=10), Queue()
    ready = threading.Barrier(THREADS + 1)
    threads = [
        threading.Thread(target=work, args=(bank, todo, ready, gauge, done), name=f"teller {n}")
        for n in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    for job in jobs(1000):
        todo.put(job)
    for _ in threads:
        todo.put(STOP)
    for thread in threads:
        thread.join()

    for account in bank.accounts.values():
        print(f"{account.name:4} {account.cents / 100:9.2f} after {account.moves} moves")
    print("in all", bank.total / 100, "expected", START_CENTS * len(NAMES) / 100)
    print("jobs done", sum(done.get() for _ in threads), "journal", bank.journal.qsize())
    print("at most three at once:", 1 <= gauge.most <= 3, "left inside:", gauge.inside)

    urgent = PriorityQueue(maxsize=3)
    for entry in [(2, "letters"), (1, "vault"), (3, "coffee")]:
        urgent.put(entry)
    try:
        urgent.put_nowait((4, "more"))
    except Full:
        print("full:", [urgent.get()[1] for _ in range(3)])
    with ThreadPoolExecutor(max_workers=4) as pool:
        print("digits:", list(pool.map(lambda n: len(str(3**n)), range(0, 50, 10))))


main()
