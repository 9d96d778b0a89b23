import type { Fault } from "./faults.ts";
import { type FleetSpec, nodeName } from "./fleet-spec.ts";

/** A fault in words, for the journal and for the shortest trace. */
export function faultText(spec: FleetSpec, fault: Fault): string {
  const host = "host" in fault ? nodeName(spec, fault.host) : "";
  const guest = "guest" in fault ? (spec.guests[fault.guest]?.name ?? `guest ${fault.guest}`) : "";
  const names = (list: readonly number[]): string => list.map((node) => nodeName(spec, node)).join(" and ");
  const lasts = "forMs" in fault ? seconds(fault.forMs) : "";
  switch (fault.kind) {
    case "partition":
      return `network splits: ${names(fault.side)} on one side, the rest on the other, for ${lasts}`;
    case "one-way":
      return `${nodeName(spec, fault.to)} no longer hears ${nodeName(spec, fault.from)}, for ${lasts}`;
    case "deaf":
      return `${host} can send but hears nobody, for ${lasts}`;
    case "mute":
      return `${host} hears but nobody hears it, for ${lasts}`;
    case "outage":
      return `the whole network is down, for ${lasts}`;
    case "weather":
      return `bad network for ${lasts}: ${percent(fault.loss)} lost, ${percent(fault.duplicate)} doubled, ${percent(fault.late)} late by up to ${seconds(fault.lateMs)}`;
    case "hold":
      return `${host} sends ${seconds(fault.outMs)} late and hears ${seconds(fault.inMs)} late, for ${lasts}`;
    case "agent-crash":
      return `the agent of ${host} crashes and stays down for ${lasts}`;
    case "agent-stop":
      return `the agent of ${host} is stopped (SIGSTOP) for ${lasts}`;
    case "deadman-stop":
      return `the dead-man of ${host} is stopped for ${lasts}`;
    case "agent-restart":
      return `the agent of ${host}, and with it its voter, restarts`;
    case "wipe-disk":
      return `the disk of ${host} is replaced by an empty one; the agent is down for ${lasts}`;
    case "slow-disk":
      return `each sync on ${host} takes ${seconds(fault.slowMs)} longer, for ${lasts}`;
    case "power-loss":
      return `${host} loses power; it is up again after ${lasts}`;
    case "fleet-power-cut":
      return `power cut for the whole fleet; the first host is back after ${lasts}, each next one ${seconds(fault.staggerMs)} later`;
    case "freeze":
      return `${host} sleeps for ${lasts} (its boot-time clock goes on)`;
    case "libvirtd-restart":
      return `libvirtd of ${host} restarts and is away for ${lasts}`;
    case "slow-hypervisor":
      return `libvirt calls on ${host} take ${fault.factor} times as long, for ${lasts}`;
    case "hang":
      return `every ${fault.operation} on ${host} hangs, for ${lasts}`;
    case "unkillable":
      return `the process of ${guest} on ${host} cannot be killed any more`;
    case "hand-start":
      return `somebody starts ${guest} on ${host} with virsh`;
    case "hand-resume":
      return `somebody resumes ${guest} on ${host} with virsh`;
    case "policy":
      return `policy now wants ${guest} ${fault.wanted}`;
    case "class":
      return `the class of ${guest} now matches ${names(fault.hosts) || "no host"}`;
    case "add-host":
      return `${host} joins the fleet`;
    case "replace-voter":
      return `an operator replaces voter ${nodeName(spec, fault.out)} by ${nodeName(spec, fault.by)}`;
    case "drain":
      return `an operator drains ${host}`;
    case "undrain":
      return `an operator ends the drain of ${host}`;
    case "release":
      return `an operator hands ${guest} over to ${nodeName(spec, fault.to)}`;
    case "confirm-dead":
      return `an operator confirms that ${host} is dead`;
    case "lost-fsync":
      return `the disk of ${host} says synced and is not (outside the assumptions)`;
    case "drift":
      return `the clock of ${host} runs at ${fault.rate} of true time (outside the assumptions)`;
    case "both-stopped":
      return `agent and dead-man of ${host} are both stopped for ${lasts} (outside the assumptions)`;
    case "blind-freeze":
      return `an outer hypervisor pauses ${host} for ${lasts}, clocks included (outside the assumptions)`;
  }
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
