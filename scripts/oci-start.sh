#!/bin/sh
# Starts an OCI runtime on a root file system that only this container has. src/engines/oci-engine.ts calls it in a mount
# namespace of its own (`unshare --mount`), so that what is mounted here goes with the container.
#
#   sh scripts/oci-start.sh BUNDLE ROOTFS RUNTIME [arguments]
#
# The file system is that of the image, read-only, through an overlay: two containers on the same files could lock them, and
# so tell each other something. HIDE_UNIFIED=1 hides cgroup version 2 from crun 1.8 where a host has both versions, which it
# refuses.
set -eu
umask 022

bundle=$1
rootfs=$2
shift 2
[ "${HIDE_UNIFIED:-0}" = 0 ] || umount /sys/fs/cgroup/unified
mount -t overlay -o "ro,lowerdir=$bundle/empty:$rootfs" overlay "$bundle/rootfs"
exec "$@"
