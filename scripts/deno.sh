#!/bin/sh
# Sets this machine up and starts the server on Deno, with no more permissions than its settings need.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh

unset LD_PRELOAD LD_LIBRARY_PATH # with one of them Deno starts no other program
export DENO_NO_UPDATE_CHECK=1    # it would ask its makers for a newer version

# The package's `deno` may be a script of Node that keeps signals to itself: what runs is the file that it stands for.
command=$(PATH="node_modules/.bin:$PATH" deno run --no-prompt --no-remote \
  --allow-env --allow-sys --allow-net --allow-run "--allow-read=sandbox/environments${ENVIRONMENTS_DIR:+,$ENVIRONMENTS_DIR}" \
  scripts/deno-command.ts)

# Split at line ends, and nowhere else.
set -f
IFS='
'
exec $command src/main.ts serve "$@"
