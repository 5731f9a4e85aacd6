#!/bin/sh
# Refuses a base image that the runner does not work on, and says why.
set -eu
refuse() { echo "$1" >&2; exit 1; }
[ -f /etc/debian_version ] || refuse 'The image of the Dockerfile is not based on Debian.'
command -v apt-get >/dev/null || refuse 'The image of the Dockerfile has no apt-get.'
# Without a Python of its own it gets Debian's.
if ! command -v python3 >/dev/null; then exit; fi
python3 -c 'import sys; sys.version_info >= (3, 11) or sys.exit(
  f"Python {sys.version.split()[0]} is too old: the runner needs Python 3.11 or newer.")'
