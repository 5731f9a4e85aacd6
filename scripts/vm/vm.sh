#!/bin/sh
# npm run test:vm: boots a host as users have it, and runs the suite `vm` in it.
#
# The host is Debian trixie (kernel 6.12, systemd, cgroup v2, Docker 26.1, Podman 5.4) in qemu: with KVM where /dev/kvm
# can be used, else in software, some ten times slower. It has no network. Its disks are made from Debian's packages, this
# folder and the sandbox image, and nothing that the guest writes to them is kept.
#
#   sh scripts/vm/vm.sh                       after `sh scripts/setup.sh`
#   VM_TESTS='-t swap' sh scripts/vm/vm.sh    what vitest is told, here: the tests on swap alone
#
# Ends with a line `N passed, N failed`. The guest's console is in .setup/vm/console.log.
set -eu
cd "$(dirname "$0")/../.."

. scripts/lib.sh

vm=$state/vm
python_image=safe-code-executor-python
guest_packages='systemd systemd-sysv udev dbus kmod iproute2 procps linux-image-cloud-amd64 docker.io docker-cli podman crun runc nodejs apparmor passwd uidmap'
# How long all of it may take, in seconds.
deadline=${VM_DEADLINE_SECONDS:-5400}

setup_tools() {
  missing=''
  command -v qemu-system-x86_64 >/dev/null || missing="$missing qemu-system-x86"
  command -v mmdebstrap >/dev/null || missing="$missing mmdebstrap debian-archive-keyring"
  command -v mke2fs >/dev/null || missing="$missing e2fsprogs"
  [ -n "$missing" ] || return 0
  can_install || fail "The virtual machine needs$missing." 'Install them (or run this as root on Debian or Ubuntu).'
  step "installing$missing from the packages of Debian" install_debian $missing
}

# Starts the suite when the guest has booted, and ends the guest after it.
write_unit() {
  mkdir -p "$1/etc/systemd/system/multi-user.target.wants" "$1/srv/project"
  cat >"$1/etc/systemd/system/suite.service" <<'UNIT'
[Unit]
Description=The suite vm
RequiresMountsFor=/srv/project
After=docker.service
Wants=docker.service
SuccessAction=poweroff
FailureAction=poweroff

[Service]
Type=oneshot
ExecStart=/bin/sh /srv/project/scripts/vm/guest.sh
StandardOutput=file:/dev/ttyS1
StandardError=inherit

[Install]
WantedBy=multi-user.target
UNIT
  ln -sf ../suite.service "$1/etc/systemd/system/multi-user.target.wants/suite.service"
  echo '/dev/vda / ext4 defaults 0 1' >"$1/etc/fstab"
  echo '/dev/vdb /srv/project ext4 defaults 0 2' >>"$1/etc/fstab"
  echo host-as-users-have-it >"$1/etc/hostname"
}

# The system's disk and its kernel; made once, used unchanged.
setup_system() {
  hash=$({ echo "$guest_packages" && sed -n '/^write_unit/,/^}/p' scripts/vm/vm.sh; } | hash_text)
  if is_done vm-system "$hash" "$vm/system.ext4"; then return; fi
  [ "$(id -u)" = 0 ] || fail 'Only root can make the disk of the virtual machine.'
  rm -rf "$vm/system"
  step 'making a Debian with systemd, Docker and Podman with mmdebstrap' mmdebstrap --variant=minbase \
    --include="$(echo "$guest_packages" | tr ' ' ,)" --format=directory trixie "$vm/system"
  write_unit "$vm/system"
  cp "$vm"/system/boot/vmlinuz-* "$vm/vmlinuz"
  cp "$vm"/system/boot/initrd.img-* "$vm/initrd"
  step 'making the disk of it' make_disk "$vm/system" "$vm/system.ext4" 8G
  rm -rf "$vm/system"
  stamp vm-system "$hash"
}

make_disk() {
  rm -f "$2"
  mke2fs -q -t ext4 -d "$1" "$2" "$3"
}

# This folder as it is now, with the packages for tests, and the image that programs run in.
setup_project() {
  rm -rf "$vm/project"
  mkdir -p "$vm/project"
  cp -al deploy dist node_modules sandbox scripts src test package.json tsconfig.json vitest.config.ts "$vm/project"
  step "saving the image $python_image" "$docker" save --output "$vm/project/image.tar" "$python_image"
  echo "export VM_TESTS='${VM_TESTS:-}'" >"$vm/project/settings.sh"
  step 'making the disk of the project' make_disk "$vm/project" "$vm/project.ext4" 4G
  rm -rf "$vm/project"
}

# Some hosts have a /dev/kvm in which a guest stops at its first instructions: the kernel has to come as far as its panic for
# want of a disk.
has_kvm() {
  [ -w /dev/kvm ] && timeout 30 qemu-system-x86_64 -accel kvm -cpu host -m 512M -nic none -kernel "$vm/vmlinuz" \
    -append 'console=ttyS0 panic=1' -display none -monitor none -no-reboot -serial stdio </dev/null 2>/dev/null 9>&- |
    grep -q 'Kernel panic'
}

# Nothing that the guest writes goes to these disks, but for the one that is swap.
run_guest() {
  accelerator='-accel tcg,thread=multi -cpu max'
  if has_kvm 2>/dev/null; then accelerator='-accel kvm -cpu host'; fi
  rm -f "$vm/swap"
  truncate -s 1G "$vm/swap"
  : >"$vm/results.log"
  say "booting; the console is in $vm/console.log"
  nice -n 10 timeout --kill-after=10 "$deadline" qemu-system-x86_64 $accelerator -smp 2 -m 6G -nic none \
    -kernel "$vm/vmlinuz" -initrd "$vm/initrd" \
    -append 'root=/dev/vda rw console=ttyS0 panic=1 systemd.show_status=true' \
    -drive "file=$vm/system.ext4,format=raw,if=virtio,snapshot=on" \
    -drive "file=$vm/project.ext4,format=raw,if=virtio,snapshot=on" \
    -drive "file=$vm/swap,format=raw,if=virtio" \
    -display none -monitor none -no-reboot \
    -serial "file:$vm/console.log" -serial "file:$vm/results.log" </dev/null 9>&- &
  guest=$!
  trap 'kill "$guest" 2>/dev/null || true' EXIT
  trap 'exit 1' HUP INT TERM
  tail -n +1 -f --pid="$guest" "$vm/results.log"
  wait "$guest" || say "qemu ended with $?; after $deadline s it is killed"
}

lock vm.lock
mkdir -p "$vm"
setup_tools
setup_system
setup_project
run_guest
tail -n 1 "$vm/results.log" | tr -d '\r' | grep -Eq '^[1-9][0-9]* passed, 0 failed$'
