#!/bin/sh
# Makes the locale en_US and those that a file names, while an image is built. They have UTF-8, also under their names without
# an encoding: what programs mean by `fr_FR`.
set -eu

locales=$(echo 'en_US en english american English_United_States.1252 enu' && grep -sv -e '^#' -e '^[[:space:]]*$' "${1:-}" || true)
folder=$(mktemp -d)
echo "$locales" | cut -d ' ' -f 1 |
  xargs -P "$(nproc)" -I '{}' localedef --no-archive --inputfile '{}' --charmap UTF-8 "$folder/{}.utf8"
mkdir -p /usr/lib/locale /usr/share/locale
localedef --quiet --add-to-archive "$folder"/* # one file: most of what they have is the same
rm -r "$folder"

# What stands for them. Python turns some names into others: `fr_FR` that was set is `fr_FR.ISO8859-1` to be set again.
rm -f /usr/share/locale/locale.alias # a link to Debian's list, whose locales have other encodings
echo "$locales" | python3 -c '
import locale, sys

for line in sys.stdin:
    names = line.split()
    for name in [f"{names[0]}@euro", *names]:
        for spelling in {name, locale.normalize(name)} - {f"{names[0]}.UTF-8"}:
            print(spelling, f"{names[0]}.UTF-8")
' >/usr/share/locale/locale.alias
