// Text in the environment `data`: figures have glyphs for every script, and programs have the locales that they set.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'

let server: Server
beforeAll(async () => {
  server = await startServer({ ENVIRONMENTS: 'python,data', POOL_SIZE: '2' })
})
afterAll(() => server.stop())

const run = (code: string, given: object = {}) =>
  server.run({ code, environment: 'data', timeoutSeconds: 10, ...given })

describe('every character of a text in a figure has a glyph', () => {
  /** Prints the characters that are drawn like one that no font has; a warning would be on stderr. */
  const DRAWN = (text: string, family: string) => `
import warnings
import matplotlib.pyplot as plt
import numpy as np
plt.rcParams["font.family"] = ${family}
def pixels(text):
    fig = plt.figure(figsize=(0.6, 0.4))
    fig.text(0.1, 0.3, text)
    fig.canvas.draw()
    plt.close()
    return np.asarray(fig.canvas.buffer_rgba()).tobytes()
with warnings.catch_warnings(action="ignore"):
    missing = pixels("U0010fffe")
print([c for c in sorted(set(${JSON.stringify(text)})) if not c.isspace() and pixels(c) == missing])
`
  it.each([
    ['Chinese', '训练损失与验证準確率，漢字。「」（）￥'],
    ['Japanese', '売上の推移グラフ、ひらがなー〜々'],
    ['Korean', '월별 매출 그래프 뷁'],
    ['Arabic and Persian', 'العربية پژگچ ٣٤٥ ۴۵۶؟'],
    ['Hebrew', 'עברית שָׁלוֹם'],
    ['Devanagari', 'हिन्दी में क्षेत्र ₹१२३'],
    ['Bengali, Tamil, Telugu', 'বাংলা தமிழ் తెలుగు'],
    ['Gujarati, Kannada, Malayalam', 'ગુજરાતી ಕನ್ನಡ മലയാളം'],
    ['Punjabi, Odia, Sinhala', 'ਪੰਜਾਬੀ ଓଡ଼ିଆ සිංහල'],
    ['Thai, Lao, Khmer, Burmese', 'ภาษาไทย ๑๒๓ ລາວ ខ្មែរ မြန်မာ'],
    ['Georgian, Armenian, Amharic', 'ქართული Հայերեն አማርኛ'],
    ['Tibetan, Mongolian, Cherokee', 'བོད་ཡིག ᠮᠣᠩᠭᠣᠯ ᏣᎳᎩ'],
    ['Greek, Cyrillic, Vietnamese', 'Ελληνικά Українська Tiếng Việt Đồng'],
    ['emoji', '😀🎉🚀🥰🤖🧠🫠❤👍🏽🇩🇪👩💻✅⚠⭐'],
    ['signs', '−±×÷≤≥≠≈∞√∑∫°µ€₽₩₺₿→←↑↓⇒■▲●★☆♥™©½²₂…–—“”'],
  ])('%s', async (_, text) => {
    const outcome = await run(DRAWN(text, '["sans-serif"]'))
    expect(outcome).toMatchObject({ output: '[]', stderr: '', status: 'ok' })
  })

  it.each([
    ...['SimHei', 'Microsoft YaHei', 'Arial Unicode MS', 'Malgun Gothic', 'Meiryo', 'Arial'],
    ...[
      'Helvetica',
      'Times New Roman',
      'Noto Sans CJK SC',
      'NanumGothic',
      'MS Gothic',
      'Courier New',
    ],
    ...['SimSun', 'PingFang SC', 'Mangal', 'Segoe UI Emoji', 'Tahoma', 'serif', 'monospace'],
  ])('in the font %s', async (family) => {
    const outcome = await run(DRAWN('Aé中ひ한ع हไ😀−', `[${JSON.stringify(family)}]`))
    expect(outcome).toMatchObject({ output: '[]', stderr: '', status: 'ok' })
  })

  it.each([
    ['in a style', 'plt.style.use("ggplot")'],
    ['in a theme of seaborn', 'import seaborn as sns; sns.set_theme()'],
    ['after the defaults are set', 'plt.rcdefaults()'],
    [
      'with the settings that snippets have',
      'plt.rcParams["font.sans-serif"] = ["SimHei", "DejaVu Sans"]; plt.rcParams["axes.unicode_minus"] = False',
    ],
    ['in bold', 'plt.rcParams["font.weight"] = "bold"'],
    ['in the comic style', 'plt.xkcd()'],
  ])('%s', async (_, setting) => {
    const code = `import matplotlib.pyplot as plt
${setting}
plt.plot([-2, 1], label="损失 $x^2$"); plt.title(r"中文 한국어 हिन्दी $\\alpha_中$ 😀"); plt.legend(); plt.show()`
    expect(await run(code)).toMatchObject({
      ...{ status: 'ok', stderr: '' },
      displays: [{ mime: 'image/png' }],
    })
  })

  it('in each format that a figure is saved in', async () => {
    const code = `import matplotlib.pyplot as plt
plt.title("中文 $x$ 한"); plt.plot([-1])
for kind in "pdf", "svg", "png", "jpg": plt.savefig(f"a.{kind}")
plt.close()`
    const outcome = await run(code, { outputFiles: ['a.*'] })
    expect(outcome).toMatchObject({ status: 'ok', stderr: '' })
    expect(outcome.files.map(({ path }) => path)).toEqual(['a.jpg', 'a.pdf', 'a.png', 'a.svg'])
  })

  it('and nothing is looked for or written when a program runs', async () => {
    const code = `import os, matplotlib.pyplot as plt
before = {(f, n) for f, _, names in os.walk("/tmp") for n in names}
plt.title("中文"); plt.savefig("/tmp/work/a.png"); plt.close()
print({(f, n) for f, _, names in os.walk("/tmp") for n in names} - before)
from matplotlib.font_manager import findfont
print(findfont("SimHei", fallback_to_default=False).endswith("wqy-microhei.ttc"))`
    expect((await run(code)).output).toBe("{('/tmp/work', 'a.png')}\nTrue")
  })
})

describe('locales', () => {
  const amount = (name: string) => `import locale
locale.setlocale(locale.LC_ALL, ${name})
print(locale.currency(1234.5, grouping=True), locale.nl_langinfo(locale.CODESET))`

  it.each([
    ['"de_DE.UTF-8"', '1.234,50 € UTF-8'],
    ['"de_DE.utf8"', '1.234,50 € UTF-8'],
    ['"de_DE"', '1.234,50 € UTF-8'],
    ['("de_DE", "UTF-8")', '1.234,50 € UTF-8'],
    ['"German"', '1.234,50 € UTF-8'],
    ['"de"', '1.234,50 € UTF-8'],
    ['"fr_FR.UTF-8"', '1\u202f234,50 € UTF-8'],
    ['"es_ES.UTF-8"', '1.234,50 € UTF-8'],
    ['"pt_BR.UTF-8"', 'R$ 1.234,50 UTF-8'],
    ['"en_GB.UTF-8"', '£1,234.50 UTF-8'],
    ['"en_US.UTF-8"', '$1,234.50 UTF-8'],
    ['"ja_JP.UTF-8"', '￥1,234 UTF-8'],
    ['"zh_CN.UTF-8"', '￥1,234.50 UTF-8'],
    ['"ru_RU.UTF-8"', '1\u202f234,50 ₽ UTF-8'],
    ['"tr_TR.UTF-8"', '1.234,50 ₺ UTF-8'],
  ])('%s', async (name, output) => {
    expect(await run(amount(name))).toMatchObject({ output, status: 'ok' })
  })

  it.each(
    'it_IT nl_NL pl_PL sv_SE da_DK nb_NO fi_FI cs_CZ hu_HU ro_RO el_GR uk_UA ko_KR zh_TW hi_IN ar_SA he_IL th_TH vi_VN id_ID pt_PT es_MX fr_CA de_AT de_CH en_IN'.split(
      ' ',
    ),
  )('%s, with its encoding and without', async (name) => {
    const code = `import locale
for spelling in "${name}.UTF-8", "${name}":
    locale.setlocale(locale.LC_ALL, spelling)
    locale.setlocale(locale.LC_ALL, locale.getlocale())
print(locale.nl_langinfo(locale.CODESET))`
    expect(await run(code)).toMatchObject({ output: 'UTF-8', stderr: '' })
  })

  it('are those of the variables that a request sets', async () => {
    const code = `import locale, datetime
locale.setlocale(locale.LC_ALL, "")
print(datetime.date(2024, 3, 4).strftime("%A, %d. %B"))`
    const outcome = await run(code, { env: { LANG: 'de_DE.UTF-8' } })
    expect(outcome.output).toBe('Montag, 04. März')
  })

  it('are en_US, and no other, in the environment python', async () => {
    const python = (name: string) => server.run({ code: amount(name) })
    expect((await python('"en_US.UTF-8"')).output).toBe('$1,234.50 UTF-8')
    expect((await python('"en_US"')).output).toBe('$1,234.50 UTF-8')
    expect((await python('"de_DE.UTF-8"')).error).toMatch(/unsupported locale setting/)
  })
})
