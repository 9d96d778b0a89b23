#!/bin/bash
# The fleet of docker-compose.yml, one command for each thing that can happen to it.
#
#   deploy/compose.sh up [--witness]   build, start, and wait until the fleet has three voters (--witness: h1, h2 and the witness w)
#   deploy/compose.sh watch [--once]   where each guest runs, node by node, every two seconds
#   deploy/compose.sh partition NODE   pull its cable
#   deploy/compose.sh kill NODE        cut its power
#   deploy/compose.sh heal             plug every cable in again and power every node on
#   deploy/compose.sh exec NODE ...    run a command there, such as: berth status
#   deploy/compose.sh logs [NODE]
#   deploy/compose.sh down             take everything away, the fleet's state included
#   deploy/compose.sh base             make the base image debian:12-slim on a machine that cannot pull one
#
# Two fleets side by side need COMPOSE_PROJECT_NAME and BERTH_NET (such as 10.79.0) to differ.
set -euo pipefail
cd "$(dirname "$0")/.."
export COMPOSE_PROJECT_NAME=${COMPOSE_PROJECT_NAME:-berth}
net=${BERTH_NET:-10.78.0}
nodes="h1 h2 h3 w"

if docker compose version > /dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi
compose+=(-f docker-compose.yml)
if [ -c /dev/kvm ] && [ -z "${BERTH_WITHOUT_KVM:-}" ]; then compose+=(-f deploy/compose/kvm.yml); fi

say() { printf '%s\n' "$*" >&2; }
usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "deploy/compose.sh" >&2; exit 64; }

# The container of a node, running or not; empty for one that was not made.
container() {
  docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" --filter "label=com.docker.compose.service=$1"
}
# The same, or the end.
existing() {
  local id
  id=$(container "${1:?name a node}")
  [ -n "$id" ] || { say "there is no node $1: deploy/compose.sh up starts h1, h2 and h3"; exit 4; }
  echo "$id"
}
is_running() { [ "$(docker inspect -f '{{.State.Running}}' "$1")" = true ]; }
is_plugged() { [ -n "$(docker inspect -f "{{with index .NetworkSettings.Networks \"$wire\"}}{{.NetworkID}}{{end}}" "$1")" ]; }
wire=${COMPOSE_PROJECT_NAME}_wire
address_of() { case $1 in h1) echo "$net.11" ;; h2) echo "$net.12" ;; h3) echo "$net.13" ;; w) echo "$net.14" ;; esac; }

up() {
  local services=(h1 h2 h3)
  if [ "${1:-}" = --witness ]; then services=(h1 h2 w); compose+=(--profile witness); fi
  "${compose[@]}" build -q "${services[0]}" >&2
  "${compose[@]}" up -d "${services[@]}" >&2
  for node in "${services[@]}"; do
    # With fewer voters than that the fleet cannot do without the founder yet.
    for _ in $(seq 240); do
      docker exec "$(container "$node")" berth status -o json 2> /dev/null | grep -q '"voters_total": 3' && continue 2
      sleep 0.5
    done
    say "$node does not answer, or does not know of three voters: deploy/compose.sh logs $node"
    exit 1
  done
  watch_once
}

heal() {
  for node in $nodes; do
    id=$(container "$node")
    [ -n "$id" ] || continue
    is_plugged "$id" || docker network connect --ip "$(address_of "$node")" "$wire" "$id"
    is_running "$id" || docker start "$id" > /dev/null
  done
}

# The truth of each node's own libvirtd, beside what the fleet says of it.
watch_once() {
  for node in $nodes; do
    id=$(container "$node")
    [ -n "$id" ] || continue
    if ! is_running "$id"; then echo "$node  no power"; continue; fi
    cable=; is_plugged "$id" || cable="cable pulled  "
    guests=$(docker exec "$id" virsh -q -c qemu:///system list --all 2>/dev/null | awk '{ n = $2; $1 = $2 = ""; sub(/^ +/, ""); printf "%s: %s  ", n, $0 }' || true)
    echo "$node  $cable${guests:-no guest}"
  done
}

watch_fleet() {
  [ "${1:-}" = --once ] && { watch_once; return; }
  while :; do
    text=$(watch_once)
    for node in $nodes; do
      id=$(container "$node")
      if [ -n "$id" ] && is_running "$id"; then status=$(docker exec "$id" berth status 2>&1 | sed "s/^/  /" || true); break; fi
    done
    clear 2> /dev/null || true
    printf '%s\n\nas %s sees it:\n%s\n' "$text" "${node:-nobody}" "${status:-}"
    sleep 2
  done
}

make_base() {
  local image=${BERTH_BASE:-debian:12-slim} tar
  tar=$(mktemp --suffix .tar)
  trap 'rm -f "$tar"' EXIT
  # It trusts whom this machine trusts: a machine that cannot pull an image often has an authority of its own.
  mmdebstrap --quiet --variant=minbase --include="ca-certificates${BERTH_BASE_PACKAGES:+,$BERTH_BASE_PACKAGES}" \
    --customize-hook='upload /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt' bookworm "$tar"
  docker import "$tar" "$image"
}

case ${1:-} in
  up) up "${2:-}" ;;
  watch) watch_fleet "${2:-}" ;;
  partition) id=$(existing "${2:-}"); docker network disconnect "$wire" "$id" ;;
  kill) id=$(existing "${2:-}"); docker kill "$id" > /dev/null ;;
  heal) heal ;;
  exec) id=$(existing "${2:-}"); shift 2; docker exec "$id" "$@" ;;
  logs) shift; "${compose[@]}" --profile witness logs --tail=200 "$@" ;;
  down) "${compose[@]}" --profile witness down -v --remove-orphans >&2 ;;
  base) make_base ;;
  *) usage ;;
esac
