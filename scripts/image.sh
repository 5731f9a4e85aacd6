#!/bin/sh
# Builds the image of the API server (deploy/Dockerfile), and does nothing where it is built already.
#
#   sh scripts/image.sh         builds it when something of it has changed
#   sh scripts/image.sh fresh   builds it from nothing: with the newest packages of Debian
#
# API_IMAGE names it otherwise than safe-code-executor.
# BASE_IMAGE names another Debian image to build on.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/images.sh

image=${API_IMAGE:-safe-code-executor}
# All that .dockerignore lets through.
files='.dockerignore .npmrc LICENSE deploy/Dockerfile deploy/healthcheck.js deploy/worker-healthcheck.js package-lock.json
  package.json sandbox/environments sandbox/probe.py sandbox/seccomp.json src tsconfig.build.json tsconfig.json'
ca_file=$state/build-ca.crt

# Certificates that npm trusts on this machine besides its own: the build's npm needs them where a proxy has them.
copy_certificates() {
  rm -f "$ca_file"
  certificates=$(npm config get cafile)
  [ -f "$certificates" ] || certificates=${NODE_EXTRA_CA_CERTS:-}
  [ ! -f "$certificates" ] || cp "$certificates" "$ca_file"
}

build() {
  "$docker" build --force-rm --network "$(build_network)" --file deploy/Dockerfile \
    --build-arg "BASE_IMAGE=$base_image" --build-arg "NPM_REGISTRY=$(npm config get registry)" "$@" .
}

case ${1:-changed} in
  changed) cache='' ;;
  fresh) cache=--no-cache ;;
  *) fail "unknown: $1" 'Use: sh scripts/image.sh [fresh]' ;;
esac

base_image=$(sh scripts/setup.sh base)
lock
inputs=$({ hash_of $files && echo "$base_image"; } | hash_text)
if [ -z "$cache" ] && [ "$(image_inputs "$image")" = "$inputs" ]; then exit; fi

trap 'rm -f "$ca_file"' EXIT
copy_certificates
# With names of their own the stages stay, and a change of the server does not install all packages again.
for stage in build system; do
  step "building the stage $stage of the image" build $cache --target "$stage" --tag "$image-$stage"
done
step "building the image $image" build --tag "$image" --label "$inputs_label=$inputs" \
  --label "org.opencontainers.image.version=$(node -p 'require("./package.json").version')"
for label in safe-code-executor.stage=api "$inputs_label"; do
  "$docker" image prune --force --filter "label=$label" >/dev/null 2>&1 || true
done
