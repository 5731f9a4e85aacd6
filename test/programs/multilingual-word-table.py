"""Counts words in short texts of several languages and prints the counts in tables that line up."""

import re
import unicodedata
from collections import Counter

TEXTS = {
    "English": """How much wood would a woodchuck chuck if a woodchuck could chuck wood?
        He would chuck, he would, as much as he could, and chuck as much wood
        as a woodchuck would if a woodchuck could chuck wood.""",
    "Français": """Les chaussettes de l'archiduchesse sont-elles se\u0300ches ?
        Oui, archi-se\u0300ches : les chaussettes sont sèches !""",
    "Deutsch": """Fischers Fritz fischt frische Fische;
        frische Fische fischt Fischers Fritz. Große GROSSE Straße.""",
    "中文": "四是四，十是十，十四是十四，四十是四十。",
    "日本語": "スモモも桃も桃のうち",
    "Algebra": "x\u0304 + y\u0304 = x\u0304 + 2 y\u0304 - x\u0304",
    "Emoji": "🍎 🍐 🍎 👩\u200d🚀 🍋 🍎 👩\u200d🚀",
}

JOINER = "\u200d"
PICTURE = "[\U0001f300-\U0001faff]"
LETTER = r"[^\W\d_][\u0300-\u036f]*"
TOKEN = re.compile(f"{PICTURE}(?:{JOINER}{PICTURE})*|{LETTER}(?:['-]?{LETTER})*")


def is_wide(character):
    """Tells whether a terminal gives this character two cells."""
    return unicodedata.east_asian_width(character) in "WF"


def width(text):
    """Number of terminal cells of a text: marks take none, joined pictures take the room of one."""
    cells = 0
    joined = False
    for character in text:
        if character == JOINER:
            joined = True
        elif not unicodedata.combining(character):
            if not joined:
                cells += 2 if is_wide(character) else 1
            joined = False
    return cells


def pad(text, cells, align="<"):
    """Pads by cells, where str.ljust() and format() would count code points."""
    space = " " * (cells - width(text))
    return space + text if align == ">" else text + space


def words(text):
    """Yields the words in one spelling; scripts that put no space between words give characters."""
    for match in TOKEN.finditer(unicodedata.normalize("NFC", text)):
        word = match.group().casefold()
        if is_wide(word[0]) and JOINER not in word:
            yield from word
        else:
            yield word


def table(header, rows, aligns):
    """Draws a table with a frame whose columns are as wide as their widest cell."""
    grid = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(map(width, column)) for column in zip(*grid)]
    rule = "+".join(["", *("-" * (cells + 2) for cells in widths), ""])
    lines = [
        "|".join(["", *(f" {pad(*cell)} " for cell in zip(row, widths, aligns)), ""])
        for row in grid
    ]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def ranking(counts, places):
    """Most frequent words first, equally frequent ones in order of their code points."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:places]


def main():
    counted = {language: Counter(words(text)) for language, text in TEXTS.items()}
    summary = []
    for language, counts in counted.items():
        [(word, times), *_] = ranking(counts, 1)
        summary.append([language, counts.total(), len(counts), word, times])
    print(table(["language", "words", "distinct", "most frequent", "times"], summary, "<>><>"))

    for language in ("English", "中文", "Emoji"):
        total = counted[language].total()
        rows = [
            [word, times, f"{times / total:.1%}", "█" * times]
            for word, times in ranking(counted[language], 5)
        ]
        print(f"\n{language}")
        print(table(["word", "times", "share", "bar"], rows, "<>><"))


main()
