#!/bin/sh
# Installed by Berth's set-up. libvirt runs this at every change of a QEMU guest, with the guest's name, the operation and
# its XML on stdin; an exit code other than 0 at `prepare` keeps the guest from starting, and the words on stderr are shown.
#
# Only `prepare` is asked about: a start by hand, an autostart, a restore and an incoming migration all pass through it.
# The others would cost a process each and decide nothing.
[ "$2" = prepare ] || exit 0
# What the agent itself is starting it need not be asked about: after a host's loss that would be a process for each guest.
# The list's first line is the agent's pid, which must live; the others are guests. It is written anew at each begin and end of a
# start, and this is a start's first moment: an older list may be that of an agent which is frozen, or whose pid is another's now.
own="${BERTH_RUN_DIR:-/run/berth}/own-starts"
if [ -r "$own" ] && read -r pid < "$own" && [ -d "/proc/$pid" ] && tail -n +2 "$own" | grep -Fxq -- "$1" &&
  [ -n "$(find "$own" -newermt '3 seconds ago' 2>/dev/null)" ]; then exit 0; fi
# Without a fleet, or where Berth was taken away, no guest is anybody's but libvirt's.
[ -e "${BERTH_STATE_DIR:-/var/lib/berth}/fleet.json" ] || exit 0
[ -x "@BERTH@/packages/cli/bin/berth.js" ] || exit 0
exec "@BERTH@/packages/cli/bin/berth.js" hook qemu "$@"
