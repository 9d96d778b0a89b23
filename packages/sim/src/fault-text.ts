import type { Fault, FaultKind, FaultShapes } from "./faults.ts";
import { type FleetSpec, nodeName } from "./fleet-spec.ts";

/** Names of the fleet's machines and guests. */
interface Names {
  host(node: number): string;
  hosts(nodes: readonly number[]): string;
  guest(index: number): string;
}

const texts: { readonly [K in FaultKind]: (fault: FaultShapes[K], names: Names) => string } = {
  partition: (f, n) => `network splits: ${n.hosts(f.side)} on one side, the rest on the other, for ${seconds(f.forMs)}`,
  "one-way": (f, n) => `${n.host(f.to)} no longer hears ${n.host(f.from)}, for ${seconds(f.forMs)}`,
  deaf: (f, n) => `${n.host(f.host)} can send but hears nobody, for ${seconds(f.forMs)}`,
  mute: (f, n) => `${n.host(f.host)} hears but nobody hears it, for ${seconds(f.forMs)}`,
  outage: (f) => `the whole network is down, for ${seconds(f.forMs)}`,
  weather: (f) =>
    `bad network for ${seconds(f.forMs)}: ${percent(f.loss)} lost, ${percent(f.duplicate)} doubled, ${percent(f.late)} late by up to ${seconds(f.lateMs)}`,
  hold: (f, n) =>
    `${n.host(f.host)} sends ${seconds(f.outMs)} late and hears ${seconds(f.inMs)} late, for ${seconds(f.forMs)}`,
  "agent-crash": (f, n) => `the agent of ${n.host(f.host)} crashes and stays down for ${seconds(f.forMs)}`,
  "agent-stop": (f, n) => `the agent of ${n.host(f.host)} is stopped (SIGSTOP) for ${seconds(f.forMs)}`,
  "deadman-stop": (f, n) => `the dead-man of ${n.host(f.host)} is stopped for ${seconds(f.forMs)}`,
  "agent-restart": (f, n) => `the agent of ${n.host(f.host)}, and with it its voter, restarts`,
  "wipe-disk": (f, n) =>
    `the disk of ${n.host(f.host)} is replaced by an empty one; the agent is down for ${seconds(f.forMs)}`,
  "slow-disk": (f, n) => `each sync on ${n.host(f.host)} takes ${seconds(f.slowMs)} longer, for ${seconds(f.forMs)}`,
  "power-loss": (f, n) => `${n.host(f.host)} loses power; it is up again after ${seconds(f.forMs)}`,
  "fleet-power-cut": (f) =>
    `power cut for the whole fleet; the first host is back after ${seconds(f.forMs)}, each next one ${seconds(f.staggerMs)} later`,
  freeze: (f, n) => `${n.host(f.host)} sleeps for ${seconds(f.forMs)} (its boot-time clock goes on)`,
  "libvirtd-restart": (f, n) => `libvirtd of ${n.host(f.host)} restarts and is away for ${seconds(f.forMs)}`,
  "slow-hypervisor": (f, n) =>
    `libvirt calls on ${n.host(f.host)} take ${f.factor} times as long, for ${seconds(f.forMs)}`,
  hang: (f, n) => `every ${f.operation} on ${n.host(f.host)} hangs, for ${seconds(f.forMs)}`,
  unkillable: (f, n) => `the process of ${n.guest(f.guest)} on ${n.host(f.host)} cannot be killed any more`,
  "hand-start": (f, n) => `somebody starts ${n.guest(f.guest)} on ${n.host(f.host)} with virsh`,
  "hand-resume": (f, n) => `somebody resumes ${n.guest(f.guest)} on ${n.host(f.host)} with virsh`,
  policy: (f, n) => `policy now wants ${n.guest(f.guest)} ${f.wanted}`,
  class: (f, n) => `the class of ${n.guest(f.guest)} now matches ${n.hosts(f.hosts) || "no host"}`,
  "add-host": (f, n) => `${n.host(f.host)} joins the fleet`,
  "replace-voter": (f, n) => `an operator replaces voter ${n.host(f.out)} by ${n.host(f.by)}`,
  drain: (f, n) => `an operator drains ${n.host(f.host)}`,
  undrain: (f, n) => `an operator ends the drain of ${n.host(f.host)}`,
  release: (f, n) => `an operator hands ${n.guest(f.guest)} over to ${n.host(f.to)}`,
  "confirm-dead": (f, n) => `an operator confirms that ${n.host(f.host)} is dead`,
  "reset-quorum": (f, n) =>
    `an operator founds a new voter set on ${n.host(f.host)}: voters ${n.hosts(f.voters)}; dead: ${n.hosts(f.dead) || "none"}`,
  "host-lost": (f, n) => `${n.host(f.host)} is lost: it loses power and never comes back`,
  clone: (f, n) => `${n.host(f.host)} comes up with a copy of the disk of ${n.host(f.of)}, identity included`,
  "lost-fsync": (f, n) => `the disk of ${n.host(f.host)} says synced and is not (outside the assumptions)`,
  drift: (f, n) => `the clock of ${n.host(f.host)} runs at ${f.rate} of true time (outside the assumptions)`,
  "both-stopped": (f, n) =>
    `agent and dead-man of ${n.host(f.host)} are both stopped for ${seconds(f.forMs)} (outside the assumptions)`,
  "blind-freeze": (f, n) =>
    `an outer hypervisor pauses ${n.host(f.host)} for ${seconds(f.forMs)}, clocks included (outside the assumptions)`,
};

/** A fault in words, for the journal and for the shortest trace. */
export function faultText(spec: FleetSpec, fault: Fault): string {
  const host = (node: number): string => nodeName(spec, node);
  const names: Names = {
    host,
    hosts: (nodes) => nodes.map(host).join(" and "),
    guest: (index) => spec.guests[index]?.name ?? `guest ${index}`,
  };
  return (texts[fault.kind] as (fault: Fault, names: Names) => string)(fault, names);
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
