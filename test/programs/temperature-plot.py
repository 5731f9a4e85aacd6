"""Plots the temperatures of three cities with matplotlib and looks at the picture with Pillow."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.ticker import MultipleLocator
from PIL import Image

MONTHS = np.arange(1, 13)
CITIES = {
    "Beijing": ([-3, 0, 7, 15, 21, 25, 27, 26, 21, 14, 5, -1], "tab:red", "-"),
    "London": ([5, 5, 8, 10, 13, 16, 19, 18, 16, 12, 8, 6], "tab:blue", "--"),
    "Sydney": ([23, 23, 22, 19, 16, 14, 13, 14, 17, 19, 20, 22], "tab:green", ":"),
}
BACKGROUND = "#ffeecc"
FILE = "figure.png"


def draw_temperatures(axes):
    for city, (temperatures, color, style) in CITIES.items():
        axes.plot(MONTHS, temperatures, color=color, linestyle=style, marker="o", label=city)
        warmest = int(np.argmax(temperatures))
        axes.annotate(
            f"{temperatures[warmest]}°",
            (MONTHS[warmest], temperatures[warmest]),
            textcoords="offset points",
            xytext=(0, 6),
        )
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(title="Mean temperature", xlabel="month", ylabel="°C", xlim=(0.5, 12.5), ylim=(-10, 35))
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower center", ncols=3)
    axes.set_facecolor(BACKGROUND)


def draw_ranges(axes):
    """A bar from the coldest month to the warmest."""
    lows = [min(temperatures) for temperatures, *_ in CITIES.values()]
    highs = [max(temperatures) for temperatures, *_ in CITIES.values()]
    heights = np.subtract(highs, lows)
    colors = [color for _, color, _ in CITIES.values()]
    bars = axes.bar(list(CITIES), heights, bottom=lows, color=colors)
    axes.bar_label(bars, labels=[f"{height} K" for height in heights])
    axes.set_title("Range")
    axes.margins(y=0.1)


def describe(axes):
    """What a plot is made of, as matplotlib tells it."""
    print(f"{axes.get_title()}: x label {axes.get_xlabel()!r}, y label {axes.get_ylabel()!r}")
    print("  lines:", len(axes.lines), "bars:", len(axes.patches), "texts:", len(axes.texts))
    limits = [round(float(limit), 2) for limit in (*axes.get_xlim(), *axes.get_ylim())]
    print("  limits:", *limits)
    if legend := axes.get_legend():
        print("  legend:", ", ".join(text.get_text() for text in legend.get_texts()))
    for line in axes.lines:
        values = np.asarray(line.get_ydata(), dtype=float)
        style = f"{to_hex(line.get_color())} {line.get_linestyle():2}"
        print(f"  {style} {len(values):2} points, mean {values.mean():.2f}")


def count_pixels(image, color):
    """How many pixels have exactly this color."""
    wanted = np.array([round(255 * part) for part in to_rgb(color)])
    return int((np.asarray(image) == wanted).all(axis=2).sum())


def main():
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.5), dpi=100, width_ratios=[2, 1])
    draw_temperatures(left)
    draw_ranges(right)
    figure.savefig(FILE)
    for axes in figure.axes:
        describe(axes)
    plt.close(figure)
    print("open figures:", len(plt.get_fignums()))

    with Image.open(FILE) as image:
        print(image.format, image.size, image.mode, "dpi", round(image.info["dpi"][0]))
        picture = image.convert("RGB")
    print("corner:", picture.getpixel((0, 0)), "background seen:", count_pixels(picture, BACKGROUND) > 50_000)
    for city, (_, color, _) in CITIES.items():
        print(f"{city} seen:", count_pixels(picture, color) > 1000)
    small = picture.resize((80, 45)).convert("L")
    print("small:", small.size, small.mode, "darker than white:", small.getextrema()[0] < 255)


main()
