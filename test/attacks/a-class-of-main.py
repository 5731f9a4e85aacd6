# expect {"status": "ok", "output": "Point(x=1, y=[2, 3]) Pair(left=1, right=2) Colour.RED\n__main__ __main__ __main__\n{'x': <class 'int'>, 'y': <class 'list'>}", "error": ""}
# Classes that look for their module: pickled, made on the fly, with types as text.
from __future__ import annotations
import collections, dataclasses, enum, pickle, typing
@dataclasses.dataclass
class Point:
    x: int
    y: list = dataclasses.field(default_factory=list)
Pair = collections.namedtuple("Pair", "left right")
Colour = enum.Enum("Colour", "RED GREEN")
print(*pickle.loads(pickle.dumps((Point(1, [2, 3]), Pair(1, 2), Colour.RED))))
print(Point.__module__, Pair.__module__, Colour.__module__)
print(typing.get_type_hints(Point))
