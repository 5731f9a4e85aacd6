"""Checks nested JSON with the modules of its own package, then turns orders into shipments by warehouse."""

import json

import schema
from schema import Each, Map, Number, OneOf, Optional, Record, Text, Union, check
from schema.report import summary

ADDRESS = Record(street=Text(max=40), city=Text(), country=Text(pattern="[A-Z]{2}"))
ORDER = Record(
    id=Text(pattern=r"A-\d{3}"),
    customer=Record(name=Text(), address=ADDRESS, phone=Optional(Text(pattern=r"\+[\d ]+"))),
    lines=Each(Record(sku=Text(), count=Number(min=1, whole=True), from_=OneOf("north", "south")), min=1),
    tags=Optional(Each(Text())),
    gift=Optional(Union(OneOf(True, False), Text(max=10))),
)
CATALOG = Map(Record(name=Text(), grams=Number(min=0)), keys=Text(pattern="[a-z]+"))

DOCUMENT = r"""
{
  "catalog": {
    "lamp": {"name": "Lamp \u201cMoon\u201d", "grams": 1250},
    "chair": {"name": "Chair", "grams": 7000.5},
    "tea": {"name": "\u9f99\u4e95\u8336", "grams": 120}
  },
  "orders": [
    {"id": "A-001", "gift": true, "tags": [],
     "customer": {"name": "Ada",
                  "address": {"street": "1 St James's Square", "city": "London", "country": "GB"}},
     "lines": [{"sku": "lamp", "count": 2, "from": "north"}, {"sku": "tea", "count": 5, "from": "south"}]},
    {"id": "A-002", "gift": "for Emmy", "tags": ["fragile"],
     "customer": {"name": "Bo", "phone": "+86 10 1234",
                  "address": {"street": "x", "city": "\u5317\u4eac", "country": "CN"}},
     "lines": [{"sku": "chair", "count": 4, "from": "north"}, {"sku": "lamp", "count": 1, "from": "north"}]},
    {"id": "B2", "gift": "far too long a wish", "price": 1e3,
     "customer": {"name": "", "phone": 110,
                  "address": {"street": "y", "city": "Bonn", "country": "Germany"}},
     "lines": [{"sku": "tea", "count": 1.5, "from": "west"}, {"sku": "tea", "count": true}]},
    {"id": "A-004", "customer": null, "lines": []}
  ]
}
"""


def shipments(orders, catalog):
    """Nests by warehouse and country what was nested by order: who gets what from where."""
    houses = {}
    for order in orders:
        customer = order["customer"]
        for line in order["lines"]:
            house = houses.setdefault(line["from"], {"kilograms": 0, "countries": {}})
            parcels = house["countries"].setdefault(customer["address"]["country"], [])
            house["kilograms"] += line["count"] * catalog[line["sku"]]["grams"] / 1000
            parcels.append({"to": customer["name"], "order": order["id"], line["sku"]: line["count"]})
    for house in houses.values():
        house["kilograms"] = round(house["kilograms"], 1)
    return houses


def flatten(value, path=()):
    """Yields every leaf with the path that leads to it."""
    if isinstance(value, (dict, list)) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in pairs:
            yield from flatten(child, (*path, str(key)))
    else:
        yield "/".join(path), value


def main():
    document = json.loads(DOCUMENT)
    print("catalog:", summary(check(CATALOG, document["catalog"])))
    good = []
    for order in document["orders"]:
        problems = check(ORDER, order)
        print(f"{order['id']}: {summary(problems)}")
        for problem in problems:
            print(f"  {problem}")
        if not problems:
            good.append(order)

    result = shipments(good, document["catalog"])
    print(json.dumps(result, ensure_ascii=False, indent=2, sort_keys=True))
    leaves = dict(flatten(result))
    print(len(leaves), "leaves, the first:", *next(iter(leaves.items())))
    print("same after a round trip:", json.loads(json.dumps(result)) == result)
    print("package:", schema.__name__, ", ".join(sorted(schema.__all__)))


if __name__ == "__main__":
    main()
