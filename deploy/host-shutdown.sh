#!/bin/sh
# Run by berth-agent.service, as its last act and after its start. It does something only where the whole host goes down.
#
#   host-shutdown.sh leave    the host goes down: its guests are shut down and handed to other hosts while the agent still can
#   host-shutdown.sh back     the host is up again after that: it takes guests again
#
# Without this the agent would just end, its guests would be paused when the lease ends, and libvirt-guests would wait for
# five minutes until paused guests have shut down.
set -u
berth=$(cd "$(dirname "$0")/.." && pwd -P)/packages/cli/bin/berth.js
state=${BERTH_STATE_DIR:-/var/lib/berth}
# Written before the drain: a power cut in the middle of it must not leave the host drained for ever.
mark=$state/drained-by-shutdown

leave() {
  # Also after a crash systemd asks this first: it must not hold up the restart.
  [ "$(timeout 5 systemctl is-system-running 2> /dev/null)" = stopping ] || return 0
  # A host that a person drained stays drained. (Six blanks: its own line of the answer, not that of another host.)
  if ! "$berth" status -o json 2> /dev/null | grep -q '^ \{6\}"draining": true'; then : > "$mark"; fi
  "$berth" drain --anyway --wait --timeout "${BERTH_DRAIN_TIMEOUT:-60s}" && return 0
  # Nobody to hand over to, or a guest that takes too long. What is left would be paused in a moment, so it ends here.
  virsh -q -c qemu:///system list --name | while read -r guest; do
    [ -n "$guest" ] && grep -qF "\"$guest\"" "$state/owned-guests" || continue
    echo "host-shutdown: $guest is switched off"
    virsh -q -c qemu:///system destroy --graceful "$guest"
  done
}

back() {
  [ -e "$mark" ] || return 0
  "$berth" undrain && rm -f "$mark"
}

case ${1:-} in
  leave) leave ;;
  back) back ;;
  *) echo "usage: host-shutdown.sh leave | back" >&2; exit 64 ;;
esac
