"""Exact polynomials with operators, and two families of them, cyclotomic and Legendre."""

from fractions import Fraction
from functools import reduce
from itertools import zip_longest
from operator import mul

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Polynomial:
    """An immutable polynomial in x; coefficients are kept from the lowest power up."""

    def __init__(self, *coefficients):
        kept = [Fraction(coefficient) for coefficient in coefficients]
        while kept and not kept[-1]:
            kept.pop()
        self.coefficients = tuple(kept)

    @staticmethod
    def power(exponent, factor=1):
        return Polynomial(*[0] * exponent, factor)

    @property
    def degree(self):
        return len(self.coefficients) - 1

    def __iter__(self):
        return iter(self.coefficients)

    def __eq__(self, other):
        if not isinstance(other, Polynomial):
            return NotImplemented
        return self.coefficients == other.coefficients

    def __hash__(self):
        return hash(self.coefficients)

    def __add__(self, other):
        return Polynomial(*(a + b for a, b in zip_longest(self, other, fillvalue=0)))

    def __sub__(self, other):
        return self + -1 * other

    def __mul__(self, other):
        if not isinstance(other, Polynomial):
            return Polynomial(*(value * other for value in self))
        products = [0] * (self.degree + other.degree + 2)
        for i, a in enumerate(self):
            for j, b in enumerate(other):
                products[i + j] += a * b
        return Polynomial(*products)

    __rmul__ = __mul__

    def __divmod__(self, divisor):
        quotient, rest = Polynomial(), self
        while rest.degree >= divisor.degree:
            factor = rest.coefficients[-1] / divisor.coefficients[-1]
            term = Polynomial.power(rest.degree - divisor.degree, factor)
            quotient, rest = quotient + term, rest - term * divisor
        return quotient, rest

    def __call__(self, x):
        return reduce(lambda total, value: total * x + value, reversed(self.coefficients), 0)

    def __str__(self):
        terms = [self._term(power, value) for power, value in enumerate(self) if value]
        first, *others = reversed(terms) if terms else [("", "0")]
        return first[0].strip("+") + first[1] + "".join(f" {sign} {term}" for sign, term in others)

    @staticmethod
    def _term(power, value):
        size = "" if abs(value) == 1 and power else str(abs(value))
        exponent = str(power).translate(SUPERSCRIPTS) if power > 1 else ""
        return "-" if value < 0 else "+", f"{size}{'x' if power else ''}{exponent}"


class Member(Polynomial):
    """A polynomial of a family, which computes it from its index."""

    def __init__(self, index):
        self.index = index
        super().__init__(*self.compute(index))

    def __repr__(self):
        return f"{self.letter}({self.index})"


class Cyclotomic(Member):
    letter = "Φ"

    def compute(self, n):
        divisors = (Cyclotomic(d) for d in range(1, n) if n % d == 0)
        return divmod(Polynomial(-1, *[0] * (n - 1), 1), reduce(mul, divisors, Polynomial(1)))[0]


class Legendre(Member):
    letter = "P"

    def compute(self, n):
        if n < 2:
            return Polynomial.power(n)
        last, before = Legendre(n - 1), Legendre(n - 2)
        return Fraction(2 * n - 1, n) * Polynomial.power(1) * last - Fraction(n - 1, n) * before


def main():
    for member in (*map(Cyclotomic, (1, 2, 6, 12)), *map(Legendre, range(2, 6))):
        print(f"{member!r} = {member}")
    cubic = reduce(mul, (Polynomial(-root, 1) for root in (1, -2, Fraction(1, 2))))
    print(f"{cubic} at 3: {cubic(3)}")
    print("quotient {}, rest {}".format(*divmod(cubic, Polynomial(1, 0, 1))))
    print("product of Φ(d) for d | 12:", reduce(mul, map(Cyclotomic, (1, 2, 3, 4, 6, 12))))
    print("smallest coefficient of Φ(105):", min(Cyclotomic(105)))
    print(Cyclotomic(4) == Polynomial(1, 0, 1), len({Legendre(1), Polynomial(0, 1)}), Legendre(0) == 1)


main()
