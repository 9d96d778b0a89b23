#!/bin/bash
# Becomes pid 1 of a bare host for the peers that the bench measures: called by fleet-peer-hosts.ts inside fresh mount,
# net, uts, ipc and pid namespaces. Every folder that a daemon of theirs writes to is an own tmpfs. Prints its pid as the
# machine outside sees it, then waits on stdin: when the bench ends, for whatever reason, all of the host ends with it.
#   fleet-peer-host.sh HOSTNAME
set -e
read -r outer_pid _ < /proc/self/stat
hostname "$1"
mount -t proc proc /proc
umount -l /sys 2>/dev/null || true
mount -t sysfs sysfs /sys
for folder in /run /dev/shm /var/lib/pacemaker /var/lib/corosync /var/log /etc/corosync /etc/keepalived; do
  mkdir -p "$folder"
  mount -t tmpfs -o mode=0755 tmpfs "$folder"
done
chmod 1777 /dev/shm
mkdir -p /run/lock /run/bench /run/resource-agents /var/log/pacemaker /var/log/corosync /run/crm
if getent passwd hacluster >/dev/null; then
  mkdir -p /var/lib/pacemaker/{blackbox,cib,cores,pengine}
  chown -R hacluster:haclient /var/lib/pacemaker /var/log/pacemaker /run/crm
fi
ip link set lo up
# A fence device like the ones in a rack: it answers once the other host has no power. The bench cuts it at its word.
mkdir -p /run/bench/sbin /run/bench/work
mount -t overlay overlay -o lowerdir=/usr/sbin,upperdir=/run/bench/sbin,workdir=/run/bench/work /usr/sbin
cat > /usr/sbin/fence_bench <<'FENCE'
#!/bin/sh
action=; victim=
while read -r line; do
  case $line in
    action=*|option=*) action=${line#*=} ;;
    port=*|nodename=*|plug=*) victim=${line#*=} ;;
  esac
done
case $action in
  off|reboot) echo "$victim" > /run/bench/fence-wanted
    for _ in $(seq 300); do [ -e /run/bench/fence-done ] && rm -f /run/bench/fence-done && exit 0; sleep 0.02; done; exit 1 ;;
  metadata) cat <<'META'
<?xml version="1.0" ?>
<resource-agent name="fence_bench" shortdesc="Power switch of the bench">
<longdesc>Power switch of the bench</longdesc>
<parameters>
<parameter name="action" required="1"><getopt mixed="-o"/><content type="string" default="reboot"/><shortdesc lang="en">Action</shortdesc></parameter>
<parameter name="port" required="0"><getopt mixed="-n"/><content type="string"/><shortdesc lang="en">Host</shortdesc></parameter>
</parameters>
<actions><action name="reboot"/><action name="off"/><action name="on"/><action name="status"/><action name="monitor"/><action name="list"/><action name="metadata"/></actions>
</resource-agent>
META
  ;;
esac
exit 0
FENCE
chmod 755 /usr/sbin/fence_bench
echo "$outer_pid"
exec tini -- cat > /dev/null
