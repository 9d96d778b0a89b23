import type { Fleet } from "./fleet.ts";
import type { GuestSpec } from "./fleet-spec.ts";
import type { Machine } from "./machine.ts";
import { voterOf } from "./oracle.ts";

/**
 * Is the fleet whole again? Asked when the last fault is over and the bound has passed.
 *
 * Every guest that policy wants running, and that some host in good order may run, executes exactly once and exists
 * nowhere else, paused copies included. Every guest that policy wants down exists nowhere. Where no majority of voter
 * disks is left there is nothing to expect but safety. A suspended process that is stuck in the kernel keeps its guest: its owner can
 * neither resume it nor confirm it gone, and nobody else may run it; then its owner must have said so.
 */
export function whatIsMissing(fleet: Fleet): string[] {
  if (resetIsMissing(fleet)) return ["the new voter set that the operator asked for does not answer"];
  if (!hasQuorum(fleet)) return [];
  const missing: string[] = [];
  for (const [index, guest] of fleet.spec.guests.entries()) {
    const problem = lookAt(fleet, guest, index);
    if (problem !== undefined) missing.push(problem);
  }
  return missing;
}

/** An operator asked for a new voter set, the host that was to found it is well, and there is none. */
function resetIsMissing(fleet: Fleet): boolean {
  const asked = fleet.spec.faults.some(
    (fault) => fault.kind === "reset-quorum" && fleet.machineAt(fault.host).answering,
  );
  return asked && fleet.oracle.claims.latestConfig()?.reset === undefined;
}

function lookAt(fleet: Fleet, guest: GuestSpec, index: number): string | undefined {
  const wish = fleet.wishes[index];
  if (wish === undefined) return undefined;
  const holders = fleet.machines.filter((machine) => machine.hypervisor.processes.has(guest.name));
  const stuck = holders.some((machine) => machine.hypervisor.processes.get(guest.name)?.unkillable === true);
  const executing = fleet.oracle.executions.copiesOf(guest.name).map((copy) => fleet.machineAt(copy.node).name);
  const names = holders.map(({ name }) => name).join(" and ");
  if (wish.wanted === "down") {
    return holders.length === 0 || stuck ? undefined : `${guest.name} is wanted down and exists on ${names}`;
  }
  const able = fleet.machines.filter((machine) => wish.eligible.includes(machine.node) && inGoodOrder(fleet, machine));
  if (able.length === 0) return undefined;
  // Gossip mode has no fence: a copy that cannot be killed executes on beside the one that stays.
  if (stuck && guest.mode === "gossip") return undefined;
  if (executing.length === 0 && holders.some((machine) => keepsStuck(fleet, machine, guest.name))) return undefined;
  if (executing.length !== 1) {
    const where = executing.length === 0 ? "executes nowhere" : `executes on ${executing.join(" and ")}`;
    const could = able.map(({ name }) => name).join(", ");
    return `${guest.name} ${where}${names === "" ? "" : ` (exists on ${names})`}; ${could} could run it`;
  }
  return holders.length === 1 || stuck ? undefined : `${guest.name} executes on ${executing[0]} and exists on ${names}`;
}

/** The owner has a process that nothing moves any more, and has raised the alarm. */
function keepsStuck(fleet: Fleet, machine: Machine, guest: string): boolean {
  const unkillable = machine.hypervisor.processes.get(guest)?.unkillable === true;
  const owner = fleet.oracle.claims.owner(guest)?.value.owner;
  return unkillable && owner === machine.name && machine.agent?.stuck.has(guest) === true;
}

function inGoodOrder(fleet: Fleet, machine: Machine): boolean {
  return machine.member && machine.answering && machine.isHypervisor && !fleet.draining.has(machine.node);
}

/** Whether a majority of the newest configuration's voter disks is still there and attended by an agent. */
export function hasQuorum(fleet: Fleet): boolean {
  const config = fleet.oracle.claims.latestConfig();
  if (config === undefined) return false;
  // Once the set answers, a voter that has no copy of the registers yet knows nothing that could be lost or found.
  const isChanged = config.number > 1 && fleet.oracle.claims.activeNumber() >= config.number;
  const there = config.voters.filter(({ voter, host }) => {
    const machine = fleet.machineNamed(host);
    if (machine?.answering !== true || voterOf(machine) !== voter) return false;
    return !isChanged || fleet.oracle.claims.activeOf(voter) >= config.number;
  });
  return there.length > config.voters.length / 2;
}
