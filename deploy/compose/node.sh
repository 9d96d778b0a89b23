#!/bin/bash
# What systemd does on a host, for a container: starts libvirtd, dead-man and agent, and starts again what ends. Before
# that, once, the node founds the fleet or joins it with a token from the shared folder.
#   BERTH_FOUNDS="h2 h3"   this node founds, and leaves one token for each of these (absent: it joins)
#   BERTH_PROFILE=lan      timing profile, given at founding
#   BERTH_WITNESS=yes      votes and runs no guest: no libvirtd here
set -eu
name=$(hostname)
tokens=/fleet
say() { echo "node.sh: $*"; }

# A container keeps the machine's boot id for ever. A host that was cut from power has another one afterwards.
cat /proc/sys/kernel/random/uuid > /run/boot-id
# Docker lays a read-only copy of these over themselves; libvirt switches forwarding on for its networks.
umount /proc/sys 2>/dev/null || true
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id
mkdir -p /dev/net /run/berth /run/lock /run/libvirt
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200

prepare_libvirt() {
  grep -q '^# berth' /etc/libvirt/qemu.conf || cat >> /etc/libvirt/qemu.conf <<'CONF'
# berth: a container's root cannot change owners and make control groups or namespaces for each guest.
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = [ ]
cgroup_controllers = [ ]
stdio_handler = "file"
CONF
  # Each container would else find the same hardware, and libvirt would call all of them one host.
  grep -q '^host_uuid' /etc/libvirt/libvirtd.conf || cat >> /etc/libvirt/libvirtd.conf <<CONF
host_uuid = "$(cat /proc/sys/kernel/random/uuid)"
auth_unix_rw = "none"
CONF
}

configure() {
  classes=
  if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then classes=kvm_here; fi
  printf 'classes: [%s]\n' "$classes" > /etc/berth/conf.d/node.yaml
}

address() { ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }'; }

found_or_join() {
  [ ! -e /var/lib/berth/fleet.json ] || return 0
  listen="/ip4/$(address)/tcp/7946"
  if [ -n "${BERTH_FOUNDS:-}" ]; then
    rm -f "$tokens"/*.token
    berth fleet init --profile "${BERTH_PROFILE:-lan}" --listen "$listen"
    for other in $BERTH_FOUNDS; do
      berth token create > "$tokens/.$other"
      mv "$tokens/.$other" "$tokens/$other.token"
    done
    say "founded; tokens for $BERTH_FOUNDS"
    return
  fi
  say "waiting for a token"
  until [ -s "$tokens/$name.token" ]; do sleep 0.2; done
  until berth fleet join "$(cat "$tokens/$name.token")" --listen "$listen" ${BERTH_WITNESS:+--witness}; do
    # The founder's agent may not listen yet.
    sleep 1
  done
  say "joined"
}

# keep NAME COMMAND...: as Restart=always
keep() {
  what=$1; shift
  while :; do
    "$@" && status=0 || status=$?
    say "$what ended with $status"
    sleep 0.5
  done
}

stop() {
  say "stops"
  trap '' TERM INT
  # In order: the agent first, so that it can say farewell while all the rest still works.
  pkill -TERM -f 'berth.js agent' || true
  for _ in $(seq 100); do pgrep -f 'berth.js agent' > /dev/null || break; sleep 0.1; done
  exit 0
}

configure
found_or_join
if [ -z "${BERTH_WITNESS:-}" ]; then
  prepare_libvirt
  virtlogd -d
  keep libvirtd libvirtd &
  until virsh -q -c qemu:///system version > /dev/null 2>&1; do sleep 0.1; done
  keep dead-man berth dead-man &
fi
keep agent berth agent &
trap stop TERM INT
wait
