#!/bin/bash
# Becomes pid 1 of a private "hypervisor host": called by libvirtd.ts inside fresh mount, net, uts, ipc and pid
# namespaces. Every directory libvirt writes to is an own tmpfs, but for the shared cache of what it found out about QEMU.
# Prints this process's pid as the machine outside sees it, then waits on stdin: when the test process dies, for
# whatever reason, stdin ends, pid 1 ends, and the kernel kills all that runs in the namespace.
#   private-host.sh HOSTNAME HOST_UUID CACHE SETTINGS [KEEP]   (SETTINGS: more lines for libvirtd.conf)
# KEEP is the host's disk: what lies there is there again at its next boot. Without it all of the host is memory.
set -e
name=$1 host_uuid=$2 cache=$3 settings=$4 keep=$5
# /proc is still the one from outside, so this is the outer pid; a builtin, because a child would name itself.
read -r outer_pid _ < /proc/self/stat

hostname "$name"
mount -t proc proc /proc
umount -l /sys 2>/dev/null || true
mount -t sysfs sysfs /sys
for directory in /run /etc/libvirt /var/lib/libvirt /var/log/libvirt; do
  mkdir -p "$directory"
  mount -t tmpfs -o mode=0755 tmpfs "$directory"
done
if [ -n "$keep" ]; then
  for directory in /etc/libvirt /var/lib/libvirt /etc/berth /var/lib/berth; do
    mkdir -p "$keep$directory" "$directory"
    mount --bind "$keep$directory" "$directory"
  done
  # As after every boot of a real machine.
  tr -d '\n' < /proc/sys/kernel/random/uuid > /run/boot-id
  mount --bind /run/boot-id /proc/sys/kernel/random/boot_id
fi
mkdir -p /run/libvirt /run/lock /run/no-drivers /etc/libvirt/qemu/networks
mkdir -p "$cache"
mount --bind "$cache" /var/cache/libvirt
ip link set lo up

# Root without all capabilities (containers, CI) cannot change owners or make cgroups and device namespaces.
cat > /etc/libvirt/qemu.conf <<CONF
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = [ ]
cgroup_controllers = [ ]
stdio_handler = "file"
CONF
cat > /etc/libvirt/libvirtd.conf <<CONF
unix_sock_rw_perms = "0700"
auth_unix_rw = "none"
auth_unix_ro = "none"
host_uuid = "$host_uuid"
max_clients = 500
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
$settings
CONF

echo "$outer_pid"
# tini reaps: without it a destroyed domain stays a zombie and libvirt waits 80 s for it.
exec tini -- cat > /dev/null
