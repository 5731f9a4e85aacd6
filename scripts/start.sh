#!/bin/sh
# Sets up what is missing, then runs a command of safe-code-executor: `npm start` and its like. With --help it installs no
# engine and builds no image.
#
#   sh scripts/start.sh serve|worker|doctor|attack|environment [arguments]
set -eu
cd "$(dirname "$0")/.."

what=start
# It sets up what it needs itself.
[ "${1:-}" != environment ] || what=compiled
for argument; do
  case $argument in
    -h | --help) what=compiled ;;
  esac
done
sh scripts/setup.sh "$what"
exec node dist/main.js "$@"
