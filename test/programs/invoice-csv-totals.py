"""Turns a CSV file of ordered items into one of invoices, with exact tax, discounts and postage."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path

ORDERS = Path("orders.csv")
INVOICES = Path("invoices.csv")
CENT = Decimal("0.01")
TAX = {"books": Decimal("0.07"), "goods": Decimal("0.19"), "postage": Decimal("0.19")}
DISCOUNTS = [(Decimal(500), Decimal("0.10")), (Decimal(100), Decimal("0.025"))]
POSTAGE = Decimal("25.00")


@dataclass(frozen=True)
class Item:
    customer: str
    product: str
    kind: str
    quantity: int
    price: Decimal

    @classmethod
    def from_row(cls, row):
        price = Decimal(row["price"].replace(".", "").replace(",", "."))
        return cls(row["customer"], row["product"], row["kind"], int(row["quantity"]), price)

    @property
    def net(self):
        return self.quantity * self.price


def cents(amount, rounding=ROUND_HALF_UP):
    return amount.quantize(CENT, rounding)


def discount_on(net):
    """The rate of the highest threshold that was reached."""
    return next((rate for threshold, rate in DISCOUNTS if net >= threshold), Decimal(0))


def split(amount, weights):
    """Splits money by weights so that no cent is lost: the largest remainders are rounded up."""
    total = sum(weights)
    exact = [Fraction(amount) * 100 * Fraction(weight) / Fraction(total) for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_remainder[: int(amount * 100) - sum(shares)]:
        shares[i] += 1
    return [CENT * share for share in shares]


def read_items(path):
    """All items by customer; the file has quoted fields, some with a line break in them."""
    customers = defaultdict(list)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            item = Item.from_row(row)
            customers[item.customer].append(item)
    return customers


def invoice(customer, items, postage):
    """Tax is rounded once for each rate, as the law wants it, not once for each item."""
    net = sum(item.net for item in items)
    rate = discount_on(net)
    taxable = defaultdict(Decimal, {"postage": postage})
    for item in items:
        taxable[item.kind] += item.net * (1 - rate)
    tax = sum(cents(cents(amount) * TAX[kind]) for kind, amount in taxable.items())
    paid_net = sum(map(cents, taxable.values()))
    return {
        "customer": customer,
        "items": sum(item.quantity for item in items),
        "net": cents(net),
        "discount": f"{rate:.1%}",
        "postage": postage,
        "tax": tax,
        "total": paid_net + tax,
    }


def main():
    customers = read_items(ORDERS)
    shares = split(POSTAGE, [sum(item.quantity for item in items) for items in customers.values()])
    invoices = [invoice(name, customers[name], share) for name, share in zip(customers, shares)]
    with INVOICES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, invoices[0].keys(), quoting=csv.QUOTE_NONNUMERIC)
        writer.writeheader()
        writer.writerows(invoices)

    print(INVOICES.read_text(encoding="utf-8").replace("\r\n", "\n"), end="")
    print("postage in all", sum(shares), "items in all", sum(row["items"] for row in invoices))
    print("to be paid in all", f"{sum(row['total'] for row in invoices):,}")
    dearest = max((item for items in customers.values() for item in items), key=lambda i: i.price)
    print("dearest:", repr(dearest.product), dearest.price)
    half = Decimal("2.675")
    print("half a cent:", cents(half), cents(Decimal("2.665"), ROUND_HALF_EVEN), cents(-half))
    with localcontext() as context:
        context.prec = 40
        growth = (1 + Decimal("0.035") / 12) ** 12
        print("3.5 % a year, paid monthly, is", f"{(growth - 1) * 100:.10f} %")


main()
