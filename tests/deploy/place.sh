#!/bin/sh
# An empty Debian machine for one test: `place.sh BASE PROJECT`. The machine's own files are below it and are not changed (an
# overlay), with namespaces of its own for mounts, network, processes and cgroups, and systemd as its first process.
set -e
base=$1
project=$2

if [ "$3" = inside ]; then
  root=$base/root
  mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$root"
  # The project as an operator has it, in a folder that can be written to.
  mkdir -p "$root/root/pushlab"
  mount -t overlay overlay -o "lowerdir=$project,upperdir=$base/project,workdir=$base/project-work" "$root/root/pushlab"
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount -t tmpfs tmpfs "$root/dev"
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  for device in null zero full random urandom tty; do
    : > "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  for folder in run tmp dev/shm; do mount -t tmpfs tmpfs "$root/$folder"; done
  mkdir -p "$root/.outside"
  cd "$root"
  pivot_root . .outside
  umount -l /.outside
  ip link set lo up
  # What would reach for the kernel that all share, and services that only this machine has.
  rm -rf /etc/systemd/system/*.target.wants
  for unit in systemd-sysctl systemd-binfmt systemd-modules-load systemd-remount-fs systemd-udevd systemd-udev-trigger \
    systemd-tmpfiles-setup-dev systemd-timesyncd systemd-logind; do
    ln -sf /dev/null "/etc/systemd/system/$unit.service"
  done
  exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=multi-user.target --show-status=0
fi

mount --make-rprivate /
mkdir -p "$base/upper" "$base/work" "$base/root" "$base/project" "$base/project-work" "$base/cgroups"
# A group of its own, or two such machines would share the names of their services.
mount -t cgroup2 cgroup2 "$base/cgroups"
group=$base/cgroups/$(basename "$base")
mkdir "$group"
# It ends with the test, however that ends: standard input closes then. A Ctrl+C reaches this shell, too, which has to clear away.
trap '' INT TERM HUP PIPE
exec 3<&0
sh -c 'echo $$ > "$0/cgroup.procs" && exec "$@"' "$group" \
  unshare --mount --pid --fork --kill-child --cgroup --ipc --uts --net sh "$0" "$base" "$project" inside 3<&- </dev/null & machine=$!
echo "$machine"
cat <&3 >/dev/null
exec >/dev/null 2>&1
kill -KILL "$machine"
wait "$machine" || true
# The kernel lets go of its processes one after the other.
until find "$group" -depth -type d -exec rmdir {} +; do sleep 0.1; done
umount --lazy "$base/cgroups"
rm -rf "$base"
