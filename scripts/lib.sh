# Shared by scripts/*.sh, which source it from the top folder.

docker=${DOCKER_BIN:-docker}
inputs_label=safe-code-executor.inputs
state=.setup
script=$(basename "$0" .sh)
log=$state/$script.log

say() { echo "$script: $*" >&2; }

fail() {
  say "$1"
  shift
  for line in "$@"; do echo "       $line" >&2; done
  exit 1
}

# Runs a long step: names it, keeps its output in the log, shows the end of the log if it fails.
step() {
  text=$1
  shift
  started=$(date +%s)
  say "$text ..."
  if "$@" >"$log" 2>&1 </dev/null; then
    say "  done in $(($(date +%s) - started)) s"
  else
    tail -n 30 "$log" >&2
    fail "this failed: $text" "The whole output is in $log."
  fi
}

# One hash for the content and the names of files.
hash_of() {
  find "$@" -type f | LC_ALL=C sort | while read -r file; do
    echo "$file"
    cat "$file"
  done | hash_text
}

hash_text() { { sha256sum 2>/dev/null || shasum -a 256; } | cut -d ' ' -f 1; }

# Whether the file or folder $3 exists and was completely made from input with the hash $2. If not, the stamp is removed first:
# an interrupted attempt must not count as done.
is_done() {
  if [ -e "$3" ] && [ "$(cat "$state/$1" 2>/dev/null)" = "$2" ]; then return; fi
  rm -f "$state/$1"
  return 1
}
stamp() { echo "$2" >"$state/$1"; }

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

install_debian() {
  apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# The network for build steps: an engine without bridges has only the host's.
build_network() { if "$docker" network inspect bridge >/dev/null 2>&1; then echo default; else echo host; fi; }

# One script at a time: a second one waits and then finds everything done. Each name is a lock of its own.
lock() {
  mkdir -p "$state"
  if command -v flock >/dev/null; then
    exec 9>"$state/${1:-lock}"
    flock 9
  fi
}
