# The images that programs run in: built by Docker or buildah, and unpacked for OCI runtimes. scripts/setup.sh sources it.

base_image=${BASE_IMAGE:-debian:trixie-slim}
local_base=safe-code-executor-base:trixie
builder=docker

# --- what Docker and buildah do differently ---

builder_name() { if [ "$builder" = docker ]; then echo 'this engine'; else echo 'the storage of buildah'; fi; }

buildah_config() { buildah inspect --type image --format "$2" "$1"; }

has_image() {
  case $builder in
    docker) "$docker" image inspect "$1" >/dev/null 2>&1 ;;
    buildah) buildah inspect --type image "$1" >/dev/null 2>&1 ;;
  esac
}

# The hash of what an image was built from; empty if it was not built here.
image_inputs() {
  case $builder in
    docker) "$docker" image inspect --format "{{index .Config.Labels \"$inputs_label\"}}" "$1" 2>/dev/null ;;
    buildah) buildah_config "$1" "{{index .OCIv1.Config.Labels \"$inputs_label\"}}" 2>/dev/null ;;
  esac
}

image_id() {
  case $builder in
    docker) "$docker" image inspect --format '{{.Id}}' "$1" | sed 's/^sha256://' ;;
    buildah) buildah_config "$1" '{{.FromImageID}}' ;;
  esac
}

# Environment variables and working directory, in JSON.
image_config() {
  case $builder in
    docker) "$docker" image inspect --format '{{json .Config}}' "$1" ;;
    buildah)
      buildah inspect --type image "$1" |
        node -p 'JSON.stringify(JSON.parse(require("node:fs").readFileSync(0, "utf8")).OCIv1.config)'
      ;;
  esac
}

pull_image() {
  case $builder in
    docker) timeout 300 "$docker" pull --quiet "$1" ;;
    # Without a list of registries it knows no short names.
    buildah) case $1 in
      */*) timeout 300 buildah pull --quiet "$1" ;;
      *) timeout 300 buildah pull --quiet "docker.io/library/$1" && buildah tag "docker.io/library/$1" "$1" ;;
    esac ;;
  esac
}

# Makes the image $2 of the file system in the archive $1.
import_image() {
  case $builder in
    docker) "$docker" import "$1" "$2" ;;
    buildah)
      container=$(buildah from scratch) || return 1
      { buildah add --quiet "$container" "$1" / && buildah commit --quiet "$container" "$2"; } || code=$?
      buildah rm "$container"
      [ "${code:-0}" = 0 ]
      ;;
  esac
}

# Builds the folder $2 as the image $1; the other arguments are options.
build_image() {
  name=$1
  folder=$2
  shift 2
  case $builder in
    docker) "$docker" build --force-rm --network "$(build_network)" "$@" --tag "$name" "$folder" ;;
    # Without a runtime: programs of Debian's packages run in a changed root.
    buildah) buildah build --isolation chroot --pull=missing --network host "$@" --tag "$name" "$folder" ;;
  esac
}

remove_stages() {
  case $builder in
    docker)
      "$docker" image prune --force --filter label=safe-code-executor.stage
      "$docker" image prune --force --filter "label=$inputs_label"
      ;;
    buildah) buildah rmi --prune ;;
  esac >/dev/null 2>&1 || true
}

tag_image() {
  case $builder in
    docker) "$docker" tag "$1" "$2" ;;
    buildah) buildah tag "$1" "$2" ;;
  esac
}

# Writes the file system of the image $1 into the folder $2.
extract_image() {
  case $builder in
    docker)
      container=$("$docker" create "$1" true) || return 1
      "$docker" export --output "$2.tar" "$container" || code=$?
      "$docker" rm "$container"
      [ "${code:-0}" = 0 ] || return 1
      tar --extract --numeric-owner --file "$2.tar" --directory "$2" && rm "$2.tar"
      ;;
    buildah)
      container=$(buildah from --pull-never "$1") || return 1
      { root=$(buildah mount "$container") && cp --archive "$root/." "$2/"; } || code=$?
      buildah rm "$container"
      [ "${code:-0}" = 0 ]
      ;;
  esac
}

# --- build ---

# The base image: pulled from a registry, else made here from the packages of Debian.
setup_base_image() {
  if has_image "$base_image"; then return; fi
  if has_image "$local_base"; then
    base_image=$local_base
    return
  fi
  say "fetching $base_image ..."
  if pull_image "$base_image" >"$log" 2>&1; then return; fi
  say "  not available: $(tail -n 1 "$log")"
  [ -z "${BASE_IMAGE:-}" ] || fail "BASE_IMAGE=$BASE_IMAGE cannot be pulled."
  can_install || fail 'The base image cannot be pulled. This script makes one only as root on Debian or Ubuntu.' \
    "Load one, tagged $base_image"
  if ! command -v mmdebstrap >/dev/null; then
    step 'installing mmdebstrap' install_debian mmdebstrap debian-archive-keyring
  fi
  archive=$state/base.tar
  step 'making a Debian base image here with mmdebstrap' mmdebstrap --variant=minbase trixie "$archive"
  step 'importing it' import_image "$archive" "$local_base"
  rm -f "$archive"
  base_image=$local_base
}

# The image of the environment $1. The compiled server reads its folder, and writes the folder that the image is built in; for
# an image that exists already there is none.
setup_image() {
  context=$state/environments/$1
  mkdir -p "${context%/*}"
  plan=$(node dist/main.js environment context "$1" "$context") || exit 1
  image=${plan% *}
  inputs=${plan##* }
  if [ "$inputs" = prebuilt ]; then
    has_image "$image" || fail "The image $image of the environment $1 is not in $(builder_name)." \
      "Its environment.json names it. Pull or load it."
    return
  fi
  if [ "$(image_inputs "$image")" = "$inputs" ]; then return; fi
  setup_base_image
  from=$base_image
  if [ -d "$context/base" ]; then
    from=$image-base
    step "building the image of $1/Dockerfile" build_image "$from" "$context/base"
  fi
  # A running server goes on starting containers of the image that it began with, by id. Without a name that image would be
  # pruned below.
  if has_image "$image"; then tag_image "$image" "$image:previous"; fi
  set --
  for variable in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST; do
    eval "value=\${$variable:-}"
    [ -z "$value" ] || set -- "$@" --build-arg "$variable=$value"
  done
  # The name moves to the new image only when the build is complete.
  step "building the sandbox image $image" build_image "$image" "$context" \
    --build-arg "BASE_IMAGE=$from" "$@" --label "$inputs_label=$inputs"
  remove_stages
}

# --- unpacked images ---

unpacked=/var/lib/safe-code-executor/images

# The file system of an image, in a folder named by the image's id, and a link to it with the image's name. No program can
# write there: it belongs to root, is mounted read-only, and root of a container is another user.
unpack_image() {
  id=$(image_id "$1")
  [ -n "$id" ] || fail "$(builder_name) does not tell the id of the image $1."
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
    [ -n "$used" ] || grep -qs "${folder##*/}" "$runtime_state"*/containers/*/config.json || rm -rf "$folder"
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
  case ${2##*/} in '') return 1 ;; esac
  umask 022
  rm -rf "$new" "$2" && mkdir -p "$new/rootfs" || return 1
  extract_image "$1" "$new/rootfs" || return 1
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
  image_config "$1" >"$new/image.json" && sync && mv "$new" "$2"
)

# The images of all environments. One that cannot be built stops no other; `failed_environments` has their names.
setup_images() {
  failed_environments=''
  for environment in $(echo "$environments" | tr ',' ' '); do
    # In a shell of its own, which `fail` ends.
    (
      setup_image "$environment"
      [ "$engine" = docker ] || unpack_image "$image"
    ) || failed_environments="$failed_environments $environment"
  done
}

# Ends this script if an environment has no image: all of them with `any`, one of them with `all`.
need_images() {
  [ -n "$failed_environments" ] || return 0
  [ "$1" = any ] && [ "$(echo $failed_environments | wc -w)" != "$(echo "$environments" | tr ',' ' ' | wc -w)" ] ||
    fail "These environments have no image:$failed_environments"
  say "These environments have no image, and no program can run in them:$failed_environments"
}
