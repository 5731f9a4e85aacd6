"""Runs a small functional language: a tokenizer, a parser by operator precedence and an evaluator."""

import operator
import re
from collections import ChainMap

TOKEN = re.compile(r"\s*(?:(\d+)|([^\W\d]\w*)|([<>=!]=|[-+*/%^<>=(),])|(\S))")
OPERATORS = {
    "==": (1, operator.eq), "<": (2, operator.lt), ">": (2, operator.gt),
    "+": (3, operator.add), "-": (3, operator.sub),
    "*": (4, operator.mul), "/": (4, operator.floordiv), "%": (4, operator.mod),
    "^": (6, operator.pow), "(": (7, None),
}
NEGATION = 5

PROGRAMS = """
1 + 2 * 3 - 4 - 5
-2 ^ 3 ^ 2 % 1000
(1 + 2) * (3 + 4) == 21
let square = fn(x) x * x in square(square(3)) + square(2)
let f = fn(n) if n < 2 then 1 else n * f(n - 1) in f(20)
let fib = fn(n, a, b) if n == 0 then a else fib(n - 1, b, a + b) in fib(90, 0, 1)
let add = fn(a) fn(b) a + b in let five = add(5) in five(3) * add(1)(1)
let x = 1 in let f = fn(y) x + y in let x = 100 in f(10) + x
let twice = fn(f, x) f(f(x)) in twice(fn(größe) größe * 3, 7)
let steps = fn(n) if n == 1 then 0 else 1 + steps(if n % 2 == 0 then n / 2 else 3 * n + 1) in steps(27)
1 + unknown
1 + * 2
(fn(a, b) a)(1)
7 / (2 - 2)
if 1 < 2 then 3
1 $ 2
"""


class Parser:
    """Turns a text into a tree of tuples; the tokens that are still to come are kept in reverse."""

    def __init__(self, text):
        found = [(match.lastindex, match[match.lastindex]) for match in TOKEN.finditer(text)]
        self.tokens = [(0, "the end"), *reversed(found)]

    def need(self, *wanted):
        _, token = self.tokens.pop()
        if token not in wanted:
            raise SyntaxError(f"{' or '.join(wanted)} expected, not {token}")
        return token

    def expression(self, strength=0):
        left = self.prefix()
        while (sign := self.tokens[-1][1]) in OPERATORS and OPERATORS[sign][0] > strength:
            self.tokens.pop()
            if sign == "(":
                left = "call", left, self.series(self.expression)
            else:
                left = sign, left, self.expression(OPERATORS[sign][0] - (sign == "^"))
        return left

    def series(self, item):
        items = [item()]
        while self.need(",", ")") == ",":
            items.append(item())
        return items

    def after(self, word):
        return self.need(word) and self.expression()

    def prefix(self):
        match self.tokens.pop():
            case _, "-":
                return "-", 0, self.expression(NEGATION)
            case _, "(":
                inner = self.expression()
                return self.need(")") and inner
            case _, "fn":
                self.need("(")
                return "fn", self.series(lambda: self.tokens.pop()[1]), self.expression()
            case _, "let":
                return "let", self.tokens.pop()[1], self.after("="), self.after("in")
            case _, "if":
                return "if", self.expression(), self.after("then"), self.after("else")
            case 1 | 2 as kind, word:
                return int(word) if kind == 1 else word
            case _, token:
                raise SyntaxError(f"a value expected, not {token}")


def evaluate(tree, scope):
    match tree:
        case int():
            return tree
        case str():
            return scope[tree]
        case "fn", parameters, body:
            return lambda *arguments: evaluate(
                body, scope.new_child(dict(zip(parameters, arguments, strict=True)))
            )
        case "let", name, value, body:
            inner = scope.new_child()
            inner[name] = evaluate(value, inner)
            return evaluate(body, inner)
        case "if", condition, yes, no:
            return evaluate(yes if evaluate(condition, scope) else no, scope)
        case "call", function, arguments:
            return evaluate(function, scope)(*(evaluate(value, scope) for value in arguments))
        case sign, left, right:
            return OPERATORS[sign][1](evaluate(left, scope), evaluate(right, scope))


for program in PROGRAMS.strip().splitlines():
    try:
        parser = Parser(program)
        tree = parser.expression()
        parser.need("the end")
        print(evaluate(tree, ChainMap()))
    except (SyntaxError, KeyError, ValueError, ArithmeticError) as error:
        print(f"{type(error).__name__}: {error}")
