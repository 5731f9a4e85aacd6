"""Matches the orders of a small stock exchange by price, then time, and prints trades and the open book."""

import heapq
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

COMMANDS = """
buy 100 @ 9.95 by ann
buy 50 @ 10.00 by bob
sell 80 @ 10.10 by cy
sell 40 @ 10.05 by dee
buy 60 @ 10.05 by eve
sell 30 at market by fay
cancel 2
sell 120 @ 9.90 by gus
buy 500 @ 10.10 by hal immediate
buy 70 @ 10.20 by ida complete
sell 25 @ 10.05 by joe
buy 70 @ 9.97 by kim
sell 60 @ 9.97 by lee complete
buy 10 at market by max
split 2
"""


class Side(Enum):
    BUY = 1
    SELL = -1

    def __neg__(self):
        return Side(-self.value)


@dataclass(order=True)
class Order:
    """Orders sort by how good their price is for the other side, then by their number."""

    rank: float = field(init=False, repr=False)
    number: int
    side: Side = field(compare=False)
    open: int = field(compare=False)
    cents: int | None = field(compare=False)
    owner: str = field(compare=False)

    def __post_init__(self):
        self.rank = float("-inf") if self.cents is None else -self.side.value * self.cents

    def accepts(self, cents):
        return self.cents is None or self.side.value * (self.cents - cents) >= 0


@dataclass
class Book:
    sides: dict = field(default_factory=lambda: {side: [] for side in Side})
    orders: dict = field(default_factory=dict)
    shares: Counter = field(default_factory=Counter)
    money: Counter = field(default_factory=Counter)

    def execute(self, words):
        match words:
            case ["buy" | "sell" as side, amount, "@", price, "by", owner, *rules]:
                cents = round(float(price) * 100)
                self.place(Side[side.upper()], int(amount), cents, owner, *rules)
            case ["buy" | "sell" as side, amount, "at", "market", "by", owner]:
                self.place(Side[side.upper()], int(amount), None, owner, "immediate")
            case ["cancel", number]:
                order = self.orders[int(number)]
                print(f"  {order.open} of {order.owner} taken back")
                order.open = 0
            case [verb, *_]:
                print(f"  can't {verb}")

    def best(self, side):
        """The best open order of a side; those that are used up leave the heap here."""
        heap = self.sides[side]
        while heap and not heap[0].open:
            heapq.heappop(heap)
        return next(iter(heap), None)

    def place(self, side, amount, cents, owner, rule="open"):
        order = Order(len(self.orders) + 1, side, amount, cents, owner)
        self.orders[order.number] = order
        there = sum(o.open for o in self.sides[-side] if order.accepts(o.cents))
        if rule == "complete" and there < amount:
            print(f"  only {there} of {amount} to be had")
            return
        while order.open and (resting := self.best(-side)) and order.accepts(resting.cents):
            self.trade(order, resting)
        if rule == "open":
            heapq.heappush(self.sides[side], order)
        elif order.open:
            print(f"  {order.open} not filled")
            order.open = 0

    def trade(self, order, resting):
        amount = min(order.open, resting.open)
        print(f"  {order.owner} and {resting.owner}: {amount} @ {resting.cents / 100:.2f}")
        for party in (order, resting):
            party.open -= amount
            self.shares[party.owner] += party.side.value * amount
            self.money[party.owner] -= party.side.value * amount * resting.cents


def main():
    book = Book()
    for command in COMMANDS.strip().splitlines():
        print(command)
        book.execute(command.split())
    for side in Side:
        rows = [f"{o.open} @ {o.cents / 100:.2f} {o.owner}" for o in sorted(book.sides[side]) if o.open]
        print(f"{side.name}:", "; ".join(rows))
    for owner, shares in sorted(book.shares.items()):
        print(f"{owner:3} {shares:+5} {book.money[owner] / 100:+10.2f}")
    print("shares and money add up to", book.shares.total(), book.money.total())


main()
