#!/bin/sh
# Starts an OCI runtime with the mounts that only its container has. src/engines/oci-engine.ts calls it in a mount namespace of
# its own (`unshare --mount`), so that these mounts go with the container.
#
#   sh scripts/oci-start.sh FSTAB RUNTIME [arguments]
set -eu
umask 022

fstab=$1
shift
mount --all --fstab "$fstab"
exec "$@"
