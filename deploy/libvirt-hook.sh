#!/bin/sh
# Installed by Berth's set-up. libvirt runs this at every change of a QEMU guest, with the guest's name, the operation and
# its XML on stdin; an exit code other than 0 at `prepare` keeps the guest from starting, and the words on stderr are shown.
#
# Only `prepare` is asked about: a start by hand, an autostart, a restore and an incoming migration all pass through it.
# The others would cost a process each and decide nothing.
[ "$2" = prepare ] || exit 0
# Without a fleet, or where Berth was taken away, no guest is anybody's but libvirt's.
[ -e "${BERTH_STATE_DIR:-/var/lib/berth}/fleet.json" ] || exit 0
[ -x "@BERTH@/packages/cli/bin/berth.js" ] || exit 0
exec "@BERTH@/packages/cli/bin/berth.js" hook qemu "$@"
