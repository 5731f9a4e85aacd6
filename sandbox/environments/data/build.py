"""Runs while the image of `data` is built: prepares fonts, and removes what no program needs. Nothing of this is done when a
program runs."""

import dataclasses
import os
import shutil

CACHE = '/usr/lib/sandbox/matplotlib'  # preload.py has the same
os.environ['MPLCONFIGDIR'] = CACHE

from fontTools import merge  # noqa: E402
from matplotlib import font_manager  # noqa: E402 - reads the variable

NOTO = '/usr/share/fonts/truetype/noto/Noto{}-Regular.ttf'
SCRIPTS = (
    *('Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala'),
    *('Thai', 'Lao', 'Khmer', 'Myanmar', 'Georgian', 'Armenian', 'Hebrew', 'Arabic', 'Syriac', 'Thaana', 'NKo'),
    *('Ethiopic', 'Cherokee', 'CanadianAboriginal', 'Mongolian', 'Tifinagh', 'Javanese', 'Balinese', 'Sundanese'),
)
MERGED = '/usr/share/fonts/truetype/sandbox/scripts.ttf'
# Matplotlib reads none of these: it draws one glyph after another.
LAYOUT_TABLES = ['GSUB', 'GPOS', 'GDEF', 'MATH', 'BASE', 'JSTF', 'kern', 'vhea', 'vmtx', 'VORG']
HINTING_TABLES = ['gasp', 'fpgm', 'prep', 'cvt ', 'hdmx', 'VDMX', 'LTSH', 'DSIG']

# Names that programs ask for, and the font of this image that they get.
ALIASES = {
    'Liberation Sans': ('Arial', 'Helvetica', 'Helvetica Neue', 'Calibri', 'Segoe UI', 'Roboto', 'Open Sans', 'Lato'),
    'Liberation Serif': ('Times New Roman', 'Times', 'Cambria', 'Georgia', 'Palatino', 'Garamond'),
    'Liberation Mono': ('Courier New', 'Courier'),
    'DejaVu Sans': (
        *('Verdana', 'Tahoma', 'Geneva', 'Lucida Grande', 'Trebuchet MS', 'Bitstream Vera Sans', 'Ubuntu'),
        *('Traditional Arabic', 'Simplified Arabic', 'Arabic Typesetting', 'Geeza Pro', 'Amiri', 'Noto Naskh Arabic'),
        *('Noto Sans', 'Noto Sans Arabic', 'Noto Sans Hebrew'),
    ),
    'DejaVu Sans Mono': ('Consolas', 'Menlo', 'Monaco', 'Lucida Console', 'Andale Mono', 'Ubuntu Mono'),
    'WenQuanYi Micro Hei': (
        *('SimHei', 'SimSun', 'NSimSun', 'SimSun-ExtB', 'FangSong', 'KaiTi', 'YouYuan', 'LiSu', 'DengXian'),
        *('Microsoft YaHei', 'Microsoft YaHei UI', 'Microsoft JhengHei', 'PMingLiU', 'MingLiU', 'DFKai-SB'),
        *('STSong', 'STHeiti', 'STKaiti', 'STFangsong', 'STXihei', 'Heiti SC', 'Heiti TC', 'Songti SC', 'Kaiti SC'),
        *('PingFang SC', 'PingFang TC', 'PingFang HK', 'Hiragino Sans GB', 'WenQuanYi Zen Hei', 'Droid Sans Fallback'),
        *('Source Han Sans CN', 'Source Han Sans SC', 'Source Han Sans', 'Source Han Serif CN', 'Source Han Serif SC'),
        *('Arial Unicode MS', 'AR PL UMing CN', 'AR PL UKai CN'),
        *('Meiryo', 'Meiryo UI', 'Yu Gothic', 'YuGothic', 'Yu Mincho', 'MS Gothic', 'MS PGothic', 'MS UI Gothic'),
        *('MS Mincho', 'MS PMincho', 'Hiragino Sans', 'Hiragino Maru Gothic Pro', 'Hiragino Kaku Gothic Pro'),
        *('Hiragino Kaku Gothic ProN', 'Hiragino Mincho ProN', 'IPAGothic', 'IPAPGothic', 'IPAexGothic', 'IPAMincho'),
        *('IPAexMincho', 'TakaoGothic', 'TakaoPGothic', 'VL Gothic', 'VL PGothic', 'Osaka'),
        *('Malgun Gothic', 'NanumGothic', 'Nanum Gothic', 'NanumBarunGothic', 'NanumMyeongjo', 'NanumSquare'),
        *('AppleGothic', 'Apple SD Gothic Neo', 'AppleMyungjo', 'Gulim', 'Dotum', 'Batang', 'Gungsuh', 'UnDotum'),
        *(f'Noto {style} CJK {place}' for style in ('Sans', 'Serif') for place in ('SC', 'TC', 'HK', 'JP', 'KR')),
        *(f'Noto {style} {place}' for style in ('Sans', 'Serif') for place in ('SC', 'TC', 'HK', 'JP', 'KR')),
    ),
    'Symbola': (
        *('Segoe UI Emoji', 'Segoe UI Symbol', 'Apple Color Emoji', 'Noto Color Emoji', 'Noto Emoji', 'Twemoji'),
        *('EmojiOne', 'Noto Sans Symbols', 'Noto Sans Symbols2'),
    ),
    'Sandbox Scripts': (
        *('Mangal', 'Nirmala UI', 'Kokila', 'Aparajita', 'Kohinoor Devanagari', 'Lohit Devanagari'),
        *('Leelawadee UI', 'Leelawadee', 'Angsana New', 'Cordia New', 'TH Sarabun New', 'Sarabun', 'Thonburi'),
        *('Loma', 'Garuda', 'Latha', 'Vrinda', 'Shruti', 'Raavi', 'Gautami', 'Tunga', 'Kartika', 'Iskoola Pota'),
        *(f'Noto Sans {script}' for script in SCRIPTS if script not in ('Arabic', 'Hebrew')),
    ),
    'Humor Sans': ('xkcd', 'xkcd Script', 'Comic Neue', 'Comic Sans MS', 'StayPuft'),
}


def merge_scripts():
    """One font of many: every font that stands by takes a descriptor for each font that a figure uses."""
    options = merge.Options()
    options.drop_tables = LAYOUT_TABLES + HINTING_TABLES
    paths = [NOTO.format(f'Sans{script}') for script in SCRIPTS] + [NOTO.format('SerifTibetan')]
    font = merge.Merger(options=options).merge(paths)
    for record in font['name'].names:
        if record.nameID in (1, 4, 16):
            record.string = 'Sandbox Scripts'
    os.makedirs(os.path.dirname(MERGED), exist_ok=True)
    font.save(MERGED)


def write_cache(folder):
    """The list of fonts that Matplotlib would make when it starts, with the aliases in it."""
    manager = font_manager.FontManager()
    by_name = {}
    for entry in manager.ttflist:
        by_name.setdefault(entry.name, []).append(entry)
    for name, aliases in ALIASES.items():
        for alias in aliases:
            if alias not in by_name:
                manager.ttflist += [dataclasses.replace(entry, name=alias) for entry in by_name[name]]
    path = os.path.join(folder, f'fontlist-v{font_manager.FontManager.__version__}.json')
    font_manager.json_dump(manager, path)


def remove_others():
    """Removes what no text needs: 1800 files that are in the merged font or are other weights."""
    for folder, names in (('truetype/noto', None), ('opentype/unifont', ('unifont.otf', 'unifont_upper.otf'))):
        folder = f'/usr/share/fonts/{folder}'
        for name in os.listdir(folder):
            if names is None or name not in names:
                os.unlink(f'{folder}/{name}')



def remove_data():
    """What other programs than Python would use."""
    for name in ('X11', 'fonts/X11', 'fonts/type1', 'icons', 'javascript', 'unicode'):
        shutil.rmtree(f'/usr/share/{name}', ignore_errors=True)


def remove_tests():
    """The libraries' tests of themselves, which no program imports."""
    for package in ('matplotlib', 'networkx', 'pandas', 'scipy', 'skimage', 'sklearn', 'statsmodels', 'sympy', 'xarray'):
        for folder, folders, _ in os.walk(f'/usr/lib/python3/dist-packages/{package}'):
            if 'tests' in folders:
                shutil.rmtree(f'{folder}/tests')
                folders.remove('tests')


merge_scripts()
remove_others()
os.makedirs(CACHE, exist_ok=True)
write_cache(CACHE)
remove_data()
remove_tests()
