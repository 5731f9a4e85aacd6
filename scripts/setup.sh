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
# ENVIRONMENTS=python,data also builds the image of the environment `data`.
# SANDBOX_IMAGE and DATA_IMAGE name images of the operator's, which are used as they are and never built or tagged.
# ENGINE=runc or ENGINE=crun also installs that runtime and unpacks the images for it; Docker builds them.
# SETUP_DOCKER=0 forbids installing or starting a Docker engine.
# SETUP_GVISOR=1 installs gVisor (runsc) and registers it with the engine, for SANDBOX_RUNTIME=runsc.
# BASE_IMAGE names another Debian image to build the sandbox image on.
set -eu
cd "$(dirname "$0")/.."

. scripts/lib.sh

engine=${ENGINE:-docker}
environments=${ENVIRONMENTS:-python}
data_packages='python3-matplotlib python3-numpy python3-pandas python3-pil python3-scipy python3-sympy'
base_image=${BASE_IMAGE:-debian:trixie-slim}
local_base=safe-code-executor-base:trixie
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

# --- sandbox image ---

# The base image: pulled from a registry, else made here from the packages of Debian.
setup_base_image() {
  if has_image "$base_image"; then return; fi
  if has_image "$local_base"; then
    base_image=$local_base
    return
  fi
  say "fetching $base_image ..."
  if timeout 300 "$docker" pull --quiet "$base_image" >"$log" 2>&1; then return; fi
  say "  not available: $(tail -n 1 "$log")"
  [ -z "${BASE_IMAGE:-}" ] || fail "BASE_IMAGE=$BASE_IMAGE cannot be pulled."
  can_install || fail 'The base image cannot be pulled. This script makes one only as root on Debian or Ubuntu.' \
    "Load one: docker load, tagged $base_image"
  if ! command -v mmdebstrap >/dev/null; then
    step 'installing mmdebstrap' install_debian mmdebstrap debian-archive-keyring
  fi
  archive=$state/base.tar
  step 'making a Debian base image here with mmdebstrap' mmdebstrap --variant=minbase trixie "$archive"
  step 'importing it' "$docker" import "$archive" "$local_base"
  rm -f "$archive"
  base_image=$local_base
}

# The image of one environment: ours with these packages of Debian, or the operator's if it is named.
setup_image() {
  image=safe-code-executor-$1
  packages=$3
  if [ "${2:-$image}" != "$image" ]; then
    image=$2
    if has_image "$2"; then return; fi
    fail "The image $2 of the environment $1 is not in this engine." \
      "Pull or load it. Set-up builds safe-code-executor-$1 only; to start from that: docker tag safe-code-executor-$1 $2"
  fi
  files='cgroup.py collect.py display.py preload.py program.py runner.py Dockerfile'
  inputs=$({ cd sandbox && hash_of $files && echo "$packages"; } | hash_text)
  if [ "$(image_inputs "$image")" = "$inputs" ]; then return; fi
  setup_base_image
  # A running server goes on starting containers of the image that it began with, by id. Without a name that image would be
  # pruned below.
  if has_image "$image"; then "$docker" tag "$image" "$image:previous"; fi
  # The name moves to the new image only when the build is complete.
  step "building the sandbox image $image" "$docker" build --force-rm --network "$(build_network)" \
    --build-arg "BASE_IMAGE=$base_image" --build-arg "PACKAGES=$packages" \
    --label "$inputs_label=$inputs" --tag "$image" sandbox
  "$docker" image prune --force --filter label=safe-code-executor.stage >/dev/null 2>&1 || true
  "$docker" image prune --force --filter "label=$inputs_label" >/dev/null 2>&1 || true
}

# --- OCI runtime and unpacked images, for ENGINE=runc and ENGINE=crun ---

unpacked=/var/lib/safe-code-executor/images
runtime_state=/run/safe-code-executor

# The state of running containers belongs into memory: nothing of it may outlive a boot, or wait for a disk. /run is in memory
# where a service manager has mounted it; elsewhere this folder of it is.
setup_state() {
  mkdir -p "$runtime_state"
  if [ "$(stat --file-system --format %T "$runtime_state")" = tmpfs ]; then return; fi
  step "mounting a file system in memory on $runtime_state" \
    mount -t tmpfs -o nosuid,nodev,mode=0711,size=64m tmpfs "$runtime_state"
}

setup_runtime() {
  [ "$(id -u)" = 0 ] || fail "ENGINE=$engine needs root for set-up and for the server." 'Without root: ENGINE=docker'
  setup_state
  if command -v "$engine" >/dev/null; then return; fi
  can_install || fail "There is no $engine." "Install it: sudo apt-get install $engine"
  step "installing $engine from the packages of Debian" install_debian "$engine"
}

# The file system of an image, in a folder named by the image's id, and a link to it with the image's name. No program can
# write there: it belongs to root, is mounted read-only, and root of a container is another user.
unpack_image() {
  id=$("$docker" image inspect --format '{{.Id}}' "$1")
  id=${id#sha256:}
  link=$unpacked/$(printf %s "$1" | sed 's#/#%2F#g; s#:#%3A#g; s#@#%40#g')
  if [ "$(readlink "$link")" = "$id" ] && [ -d "$unpacked/$id/rootfs" ]; then return; fi
  # Closed to other users, as Docker's folder is: a file of an image may have more rights than they have.
  mkdir -p "$unpacked" && chmod 0700 "${unpacked%/*}"
  # An image that had the name before may be there, and in use.
  [ -e "$unpacked/$id/image.json" ] || step "unpacking the image $1 for $engine" unpack "$1" "$unpacked/$id"
  # A running server goes on using the folder that it began with.
  if [ -L "$link" ]; then ln -sfn "$(readlink "$link")" "$link-previous"; fi
  ln -sfn "$id" "$link.new" && mv -T "$link.new" "$link"
  for folder in "$unpacked"/*; do
    [ -d "$folder" ] && [ ! -L "$folder" ] || continue
    used=$(find "$unpacked" -maxdepth 1 -type l -lname "${folder##*/}")
    [ -n "$used" ] || grep -qs "${folder##*/}" "$runtime_state"/containers/*/config.json || rm -rf "$folder"
  done
}

# The devices that Docker makes for each container, and the folders that are mounted there.
make_devices() {
  rm -rf "$1" && mkdir -p "$1/pts" "$1/mqueue" && mkdir -m 1777 "$1/shm" || return 1
  for device in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do
    set -- "$1" $device
    mknod -m 666 "$1/$2" c "$3" "$4" || return 1
  done
  ln -s pts/ptmx "$1/ptmx" && ln -s /proc/self/fd "$1/fd" && ln -s /proc/self/fd/0 "$1/stdin" &&
    ln -s /proc/self/fd/1 "$1/stdout" && ln -s /proc/self/fd/2 "$1/stderr"
}

# In a shell of its own: the mask and the variables are its own.
unpack() (
  new=$2.new
  umask 022
  rm -rf "$new" "$2" && mkdir -p "$new/rootfs" || return 1
  container=$("$docker" create "$1" true) || return 1
  "$docker" export --output "$new/rootfs.tar" "$container" || code=$?
  "$docker" rm "$container"
  [ "${code:-0}" = 0 ] || return 1
  tar --extract --numeric-owner --file "$new/rootfs.tar" --directory "$new/rootfs" && rm "$new/rootfs.tar" || return 1
  for folder in etc dev; do
    if [ -L "$new/rootfs/$folder" ]; then echo "/$folder of the image is a link" && return 1; fi
  done
  find "$new/rootfs" -xdev -perm /6000 -exec chmod a-s {} + || return 1
  rm -f "$new/rootfs/etc/hosts" "$new/rootfs/etc/resolv.conf"
  # What Docker mounts over them: the container's own loopback, and a name server that does not exist (RFC 5737).
  printf '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' >"$new/rootfs/etc/hosts"
  echo 'nameserver 192.0.2.1' >"$new/rootfs/etc/resolv.conf"
  rm -f "$new/rootfs/.dockerenv"
  make_devices "$new/rootfs/dev" || return 1
  "$docker" image inspect --format '{{json .Config}}' "$1" >"$new/image.json" && sync && mv "$new" "$2"
)

setup_images() {
  for environment in $(echo "$environments" | tr ',' ' '); do
    case $environment in
      python) setup_image python "${SANDBOX_IMAGE:-}" '' ;;
      data) setup_image data "${DATA_IMAGE:-}" "$data_packages" ;;
      *) fail "ENVIRONMENTS=$environments: there is no environment $environment." 'There are: python, data' ;;
    esac
    [ "$engine" = docker ] || unpack_image "$image"
  done
}

setup_containers() {
  case $engine in
    docker) ;;
    runc | crun) setup_runtime ;;
    *) fail "ENGINE=$engine: must be docker, runc or crun." ;;
  esac
  setup_engine
  setup_gvisor
  setup_images
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
    # With a queue the workers run the programs, and this host needs no engine.
    if [ "${EXECUTOR:-local}" != queue ]; then
      setup_containers
    fi
    setup_build
    ;;
  test)
    setup_packages
    setup_containers
    # The engine suites run under both runtimes too.
    for engine in runc crun; do
      setup_runtime
      for name in $(echo "$environments" | tr ',' ' '); do unpack_image "safe-code-executor-$name"; done
    done
    setup_build
    setup_browser
    setup_promtool
    setup_services
    ;;
  images)
    setup_containers
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
