#!/bin/sh
# In the virtual machine of scripts/vm/vm.sh: swap, the image for each engine, then the suite `vm`.
set -eu
cd "$(dirname "$0")/../.."
. ./settings.sh
export HOME=/root NO_COLOR=1

mkswap /dev/vdc >/dev/null
swapon /dev/vdc
uname -rv
for engine in docker podman; do
  "$engine" --version
  "$engine" load --quiet --input image.tar
done

# For the other engines the image of Docker's is unpacked; `setup` finds it as it was built.
for engine in runc crun; do
  ENGINE=$engine sh scripts/setup.sh images
done

results=/tmp/results.json
node node_modules/vitest/vitest.mjs run --project vm --reporter=verbose --reporter=json --outputFile="$results" \
  $VM_TESTS 2>&1 | cat # without a terminal it does not draw
node -e '
  const { readFileSync } = require("node:fs")
  const { numPassedTests, numFailedTests, success } = JSON.parse(readFileSync(process.argv[1], "utf8"))
  // A file that does not load has no failed test.
  console.log(`${numPassedTests} passed, ${numFailedTests || (success ? 0 : 1)} failed`)
' "$results" || echo '0 passed, 1 failed'
