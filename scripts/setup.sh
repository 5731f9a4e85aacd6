#!/bin/sh
# Prepares this machine: npm packages, Docker engine, sandbox images, build. Skips each part that is ready.
#
#   sh scripts/setup.sh            everything that `npm start` and `npm test` need
#   sh scripts/setup.sh test       everything that `npm run test:all` needs: also Chromium, promtool, proxies, databases
#   sh scripts/setup.sh packages   npm packages only
#   sh scripts/setup.sh compiled   npm packages and the build only: enough for `--help`
#   sh scripts/setup.sh images     engine and images only: enough for an installed package
#   sh scripts/setup.sh base       engine and base image only; prints the name of the image
#
# ENVIRONMENTS=python,data also builds the image of the environment `data`. Their folders are in sandbox/environments.
# ENVIRONMENTS_DIR names a folder with environments of the operator's: docs/environments.md.
# ENGINE=runc or ENGINE=crun also installs that runtime and unpacks the images for it. Docker builds them if an engine answers,
# else buildah, which is installed if it is missing.
# SETUP_DOCKER=0 forbids installing or starting a Docker engine.
# SETUP_GVISOR=1 installs gVisor (runsc) and registers it with the engine, for SANDBOX_RUNTIME=runsc.
# BASE_IMAGE names another Debian image to build the sandbox image on.
set -eu
cd "$(dirname "$0")/.."

. scripts/lib.sh
. scripts/images.sh

engine=${ENGINE:-docker}
environments=${ENVIRONMENTS:-python}
dockerd_log=/var/log/safe-code-executor-dockerd.log

# --- npm packages ---

setup_packages() {
  node_version=$(node --version 2>/dev/null) || fail 'Node.js is missing.' 'Install Node.js 20 or newer: https://nodejs.org'
  case $node_version in
    v[0-9].* | v1[0-9].*) fail "Node.js $node_version is too old." 'Install Node.js 20 or newer: https://nodejs.org' ;;
  esac
  hash=$(hash_of package-lock.json package.json)
  if is_done packages "$hash" node_modules; then return; fi
  step 'installing npm packages' npm ci
  stamp packages "$hash"
}

# --- Docker engine ---

engine_answers() { "$docker" version --format '{{.Server.Version}}' >/dev/null 2>"$state/engine.err"; }

# After a crash the process id in a pid file may belong to another process or to a zombie, and the engine would not start.
forget_dead_process() {
  pid=$(cat "$1" 2>/dev/null) || return 0
  if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] && ! grep -q '^State:.Z' "/proc/$pid/status"; then return; fi
  rm -f "$1"
}

setup_engine() {
  if engine_answers; then return; fi
  if grep -qi 'permission denied' "$state/engine.err"; then
    fail 'There is a Docker engine, but this user has no permission to use it.' \
      "Add the user to the group: sudo usermod -aG docker $(id -un)" \
      'Then log in again, and run this again.'
  fi
  if [ -n "${DOCKER_HOST:-}" ]; then
    fail "No Docker engine answers at DOCKER_HOST=$DOCKER_HOST." "$(cat "$state/engine.err")"
  fi
  if [ "${SETUP_DOCKER:-1}" = 0 ]; then
    fail 'No Docker engine answers, and SETUP_DOCKER=0 forbids installing or starting one.' "$(cat "$state/engine.err")"
  fi
  if ! command -v dockerd >/dev/null; then
    can_install || fail 'There is no Docker engine.' \
      'On Debian or Ubuntu: sudo apt-get install docker.io (run as root, this script does that).' \
      'Elsewhere: https://docs.docker.com/engine/install/'
    step 'installing the Docker engine from the packages of Debian (docker.io)' install_debian docker.io
  fi
  if engine_answers; then return; fi
  [ "$(id -u)" = 0 ] || fail 'The Docker engine is not running.' 'Start it: sudo systemctl start docker'
  if [ -d /run/systemd/system ]; then
    step 'starting the Docker engine' systemctl start docker
  else
    forget_dead_process /var/run/docker.pid dockerd
    forget_dead_process /var/run/docker/containerd/containerd.pid containerd
    # No service manager. Containers without network need no engine with networks.
    say "starting the Docker engine; its log is $dockerd_log"
    setsid nohup dockerd --bridge=none --iptables=false --ip6tables=false --ip-forward=false \
      >"$dockerd_log" 2>&1 </dev/null 9>&- &
  fi
  tries=60
  until engine_answers; do
    tries=$((tries - 1))
    if [ "$tries" = 0 ]; then
      tail -n 20 "$dockerd_log" >&2 || true
      fail 'The Docker engine does not answer after 30 s.' "$(cat "$state/engine.err")"
    fi
    sleep 0.5
  done
}

# --- gVisor ---

has_runsc() { "$docker" info --format '{{range $name, $_ := .Runtimes}}{{$name}} {{end}}' 2>/dev/null | grep -qw runsc; }

# Adds the runtime to the engine's settings and keeps the others.
register_runsc() {
  mkdir -p /etc/docker
  RUNSC=$(command -v runsc) node -e '
    const { existsSync, readFileSync, renameSync, writeFileSync } = require("node:fs")
    const file = "/etc/docker/daemon.json"
    const settings = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}
    const runtimeArgs = ["--network=none"]
    if (process.env.GVISOR_PLATFORM) runtimeArgs.push(`--platform=${process.env.GVISOR_PLATFORM}`)
    settings.runtimes = { ...settings.runtimes, runsc: { path: process.env.RUNSC, runtimeArgs } }
    writeFileSync(`${file}.new`, `${JSON.stringify(settings, null, 2)}\n`)
    renameSync(`${file}.new`, file)
  '
}

reload_engine() {
  if [ -d /run/systemd/system ]; then systemctl reload docker; else kill -HUP "$(cat /var/run/docker.pid)"; fi
}

setup_gvisor() {
  if [ "${SETUP_GVISOR:-0}" != 1 ] || has_runsc; then return; fi
  if ! command -v runsc >/dev/null; then
    can_install || fail 'gVisor is not installed. This script installs it only as root on Debian or Ubuntu.' \
      'How: https://gvisor.dev/docs/user_guide/install/'
    step 'installing gVisor from the packages of Debian (runsc)' install_debian runsc
  fi
  [ "$(id -u)" = 0 ] || fail 'gVisor is installed, but not registered with the engine.' \
    'As root: runsc install && systemctl reload docker'
  step 'registering gVisor in /etc/docker/daemon.json' register_runsc
  step 'reloading the settings of the engine' reload_engine
  tries=20
  until has_runsc; do
    tries=$((tries - 1))
    [ "$tries" != 0 ] || fail 'The engine does not know the runtime runsc after 10 s.' 'See: docker info'
    sleep 0.5
  done
}

# --- OCI runtime, for ENGINE=runc and ENGINE=crun ---

runtime_state=/run/safe-code-executor

# The state of running containers belongs into memory: nothing of it may outlive a boot, or wait for a disk. /run is in memory
# where a service manager has mounted it; elsewhere this folder of it is.
setup_state() {
  mkdir -p "$runtime_state"
  if [ "$(stat --file-system --format %T "$runtime_state")" = tmpfs ]; then return; fi
  step "mounting a file system in memory on $runtime_state" \
    mount -t tmpfs -o nosuid,nodev,mode=0711,size=64m tmpfs "$runtime_state"
}

apparmor_file=/etc/apparmor.d/safe-code-executor

# Loaded now, and at each boot by the service of AppArmor.
setup_apparmor() {
  [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] || return 0
  profiles=/sys/kernel/security/apparmor/profiles
  if cmp -s sandbox/apparmor-profile "$apparmor_file" && grep -q '^safe-code-executor (enforce)$' "$profiles"; then return; fi
  if ! command -v apparmor_parser >/dev/null; then
    can_install || fail 'This host has AppArmor, but no apparmor_parser.' 'Install it: sudo apt-get install apparmor'
    step 'installing apparmor from the packages of Debian' install_debian apparmor
  fi
  mkdir -p "${apparmor_file%/*}" && cp sandbox/apparmor-profile "$apparmor_file"
  step 'loading the AppArmor profile of containers' apparmor_parser --replace "$apparmor_file"
}

setup_runtime() {
  [ "$(id -u)" = 0 ] || fail "ENGINE=$engine needs root for set-up." 'Run it as root once. A server without root:' \
    'deploy/safe-code-executor.service.d/rootless.conf. Without root at all: ENGINE=docker'
  setup_state
  setup_apparmor
  if command -v "$engine" >/dev/null; then return; fi
  can_install || fail "There is no $engine." "Install it: sudo apt-get install $engine"
  step "installing $engine from the packages of Debian" install_debian "$engine"
}

setup_containers() {
  case $engine in
    docker) ;;
    runc | crun) setup_runtime ;;
    *) fail "ENGINE=$engine: must be docker, runc or crun." ;;
  esac
  choose_builder
  setup_gvisor
  setup_images
}

# Docker builds the images; for an OCI runtime buildah does where no engine answers, and none is installed or started.
choose_builder() {
  if [ "$engine" = docker ] || engine_answers; then
    setup_engine
    return
  fi
  builder=buildah
  install_buildah
}

install_buildah() {
  if command -v buildah >/dev/null; then return; fi
  can_install || fail 'There is neither a Docker engine nor buildah to build the images.' \
    'Install buildah: sudo apt-get install buildah'
  step 'installing buildah from the packages of Debian' install_debian buildah
}

# --- the server, compiled ---

setup_build() {
  hash=$(hash_of src tsconfig.json tsconfig.build.json package.json package-lock.json)
  if is_done build "$hash" dist/main.js; then return; fi
  rm -rf "$state/dist"
  step 'compiling' node_modules/.bin/tsc -p tsconfig.build.json --outDir "$state/dist"
  step 'bundling the script of the page' npm run bundle -- "--outdir=$state/dist/ui/browser"
  rm -rf dist
  mv "$state/dist" dist
  stamp build "$hash"
}

# --- browser, for the tests ---

setup_browser() {
  [ -z "${CHROMIUM:-}" ] || return 0
  if command -v chromium >/dev/null; then return; fi
  can_install || fail 'The browser tests need Chromium.' 'Install it, or name its program: CHROMIUM=/path/to/chromium'
  step 'installing Chromium from the packages of Debian' install_debian chromium fonts-dejavu-core
}

# --- promtool, for the tests ---

# Extracted from the package without installing it: that would start Prometheus, add a user and ten other packages.
fetch_promtool() {
  folder=$(mktemp -d) || return 1
  { (cd "$folder" && apt-get update && apt-get download prometheus) &&
    dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -x -C "$folder" ./usr/bin/promtool &&
    mv "$folder/usr/bin/promtool" "$state/promtool.new" && mv "$state/promtool.new" "$state/promtool"; } || code=$?
  rm -rf "$folder"
  return "${code:-0}"
}

setup_promtool() {
  [ -z "${PROMTOOL:-}" ] || return 0
  if command -v promtool >/dev/null || [ -x "$state/promtool" ]; then return; fi
  can_install || fail 'The tests of the alert rules need promtool, a part of Prometheus.' \
    'Install it, or name its program: PROMTOOL=/path/to/promtool'
  step 'fetching promtool from the packages of Debian (prometheus)' fetch_promtool
}

# --- proxies and databases, for the tests ---

# The tests start these programs themselves. Services that the packages start would take their ports.
setup_services() {
  missing=''
  for program in caddy jq nginx openssl redis-server; do
    if ! command -v "$program" >/dev/null; then missing="$missing $program"; fi
  done
  [ -d /usr/lib/postgresql ] || missing="$missing postgresql"
  # Only reads the Compose files: a plugin of the docker command, or a separate command.
  if ! "$docker" compose version >/dev/null 2>&1 && ! command -v docker-compose >/dev/null; then
    missing="$missing docker-compose"
  fi
  [ -n "$missing" ] || return 0
  can_install || fail "The tests need$missing." 'Install them.'
  step "installing$missing from the packages of Debian" install_debian $missing
  for service in $missing; do
    if [ -d /run/systemd/system ] && systemctl --quiet is-active "$service"; then
      step "stopping the service $service that its package started" systemctl disable --now "$service"
    fi
  done
}

lock

case ${1:-start} in
  packages)
    setup_packages
    ;;
  compiled)
    setup_packages
    setup_build
    ;;
  start)
    setup_packages
    setup_build
    # With a queue the workers run the programs, and this host needs no engine.
    if [ "${EXECUTOR:-local}" != queue ]; then
      setup_containers
      need_images any
    fi
    ;;
  test)
    setup_packages
    setup_build
    setup_containers
    need_images all
    # The engine suites run under both runtimes too, and one with an image of buildah's.
    install_buildah
    for engine in runc crun; do
      setup_runtime
      for name in $(echo "$environments" | tr ',' ' '); do unpack_image "safe-code-executor-$name"; done
    done
    setup_browser
    setup_promtool
    setup_services
    ;;
  images)
    # An installed package is compiled.
    if [ -e package-lock.json ]; then
      setup_packages
      setup_build
    fi
    setup_containers
    need_images all
    ;;
  base)
    setup_engine
    setup_base_image
    echo "$base_image"
    ;;
  *)
    fail "unknown: $1" 'Use: sh scripts/setup.sh [start|test|packages|compiled|images|base]'
    ;;
esac
