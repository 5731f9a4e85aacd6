"""Fonts for the characters that the font of a text does not have, whatever font that is; and joined Arabic letters."""

import functools

from matplotlib import font_manager

FALLBACKS = (  # in the order in which they are searched
    '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf',
    '/usr/share/fonts/truetype/sandbox/scripts.ttf',  # scripts from Arabic to Tifinagh, made with the image (../build.py)
    '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc',  # Chinese, Japanese, Korean
    '/usr/share/fonts/truetype/ancient-scripts/Symbola_hint.ttf',  # emoji
    '/usr/share/fonts/opentype/unifont/unifont.otf',  # what remains, in coarse pixels
    '/usr/share/fonts/opentype/unifont/unifont_upper.otf',
)


def install():
    """Adds the fallbacks to every font that a text asks for."""
    from matplotlib import _mathtext, text

    preprocess = text.Text._preprocess_math
    find_fonts = font_manager.FontManager._find_fonts_by_props
    get_glyph = _mathtext.UnicodeFonts._get_glyph

    def find_fonts_and_fallbacks(self, prop, fontext='ttf', *args, **options):
        paths = find_fonts(self, prop, fontext, *args, **options)
        return paths + [path for path in FALLBACKS if path not in paths] if fontext == 'ttf' else paths

    def get_glyph_or_fallback(self, fontname, font_class, sym):
        if len(sym) == 1 and is_of_text(ord(sym)):
            for path in FALLBACKS:
                font = font_manager.get_font(path)
                if font.get_char_index(ord(sym)):
                    return font, ord(sym), False
        return get_glyph(self, fontname, font_class, sym)

    def preprocess_and_shape(self, s):
        line, is_formula = preprocess(self, s)
        return (line if is_formula or line.isascii() else shaped(line)), is_formula

    text.Text._preprocess_math = preprocess_and_shape
    font_manager.FontManager._find_fonts_by_props = find_fonts_and_fallbacks
    _mathtext.UnicodeFonts._get_glyph = get_glyph_or_fallback


def is_of_text(code):
    """Whether a character in a text with formulas is none of a formula: those have fonts of their own."""
    return 0x590 <= code < 0x1E00 or 0x2E80 <= code < 0x1D000 or code >= 0x1F000


@functools.lru_cache(256)
def shaped(line):
    """A line with Arabic letters as they are joined, from left to right: Matplotlib draws characters as they come. A line
    that has joined letters is one that the program has shaped."""
    if not any('\u0620' <= c <= '\u06ff' for c in line) or any('\ufb50' <= c <= '\ufefc' for c in line):
        return line
    import arabic_reshaper
    from bidi.algorithm import get_display

    return get_display(arabic_reshaper.reshape(line))
