import { faultText } from "./fault-text.ts";
import type { Fault } from "./faults.ts";
import type { Fleet } from "./fleet.ts";
import type { Machine } from "./machine.ts";
import { fairWeather } from "./network.ts";
import type { Operator } from "./operator.ts";

/** Makes one fault happen, and schedules its end. */
export function injectFault(fleet: Fleet, operator: Operator, fault: Fault): void {
  if (fleet.verbose) fleet.say(whereOf(fleet, fault), faultText(fleet.spec, fault));
  switch (fault.kind) {
    case "partition":
      during(fleet, fault.forMs, "the network is whole again", (by) => {
        fleet.network.partition(fault.side, by);
        if (by < 0) fleet.connectAll();
      });
      return;
    case "one-way":
      during(fleet, fault.forMs, "the one-way cut is over", (by) => {
        fleet.network.cut(fault.from, fault.to, by);
        if (by < 0) fleet.connectAll();
      });
      return;
    case "deaf":
    case "mute":
      during(fleet, fault.forMs, `the host is no longer ${fault.kind}`, (by) => {
        for (const other of fleet.machines) {
          if (other.node === fault.host) continue;
          if (fault.kind === "deaf") fleet.network.cut(other.node, fault.host, by);
          else fleet.network.cut(fault.host, other.node, by);
        }
        if (by < 0) fleet.connectAll();
      });
      return;
    case "outage":
      during(fleet, fault.forMs, "the network is back", (by) => {
        fleet.network.outage(by);
        if (by < 0) fleet.connectAll();
      });
      return;
    case "weather":
      during(fleet, fault.forMs, "the network is good again", (by) => {
        const { loss, duplicate, late, lateMs } = fault;
        fleet.network.weather = by > 0 ? { ...fairWeather, loss, duplicate, late, lateMs } : fairWeather;
      });
      return;
    case "hold":
      during(fleet, fault.forMs, "its messages are in time again", (by) => {
        fleet.network.hold(fault.host, by > 0 ? fault.outMs : 0, by > 0 ? fault.inMs : 0);
      });
      return;
    default:
      injectOnHost(fleet, operator, fault);
  }
}

function injectOnHost(fleet: Fleet, operator: Operator, fault: Fault): void {
  if (!("host" in fault)) {
    injectOnFleet(fleet, operator, fault);
    return;
  }
  const machine = fleet.machineAt(fault.host);
  switch (fault.kind) {
    case "agent-crash":
      during(fleet, fault.forMs, "", (by) => machine.addAgentDownReason(by));
      return;
    case "agent-stop":
      stopFor(fleet, machine, fault.forMs, true, false);
      return;
    case "deadman-stop":
      stopFor(fleet, machine, fault.forMs, false, true);
      return;
    case "both-stopped":
      stopFor(fleet, machine, fault.forMs, true, true);
      return;
    case "agent-restart":
      machine.restartAgent();
      return;
    case "wipe-disk":
      wipe(fleet, operator, machine, fault.forMs);
      return;
    case "slow-disk":
      during(fleet, fault.forMs, "", (by) => {
        machine.disk.slowMs = by > 0 ? fault.slowMs : 0;
      });
      return;
    case "power-loss":
      during(fleet, fault.forMs, "", (by) => machine.addOffReason(by));
      return;
    case "freeze":
    case "blind-freeze": {
      if (!machine.powered) return;
      const { bootId } = machine;
      machine.addFrozenReason(1);
      fleet.queue.after(
        fault.forMs,
        () => {
          if (machine.bootId === bootId && machine.powered) machine.addFrozenReason(-1, fault.kind === "blind-freeze");
        },
        undefined,
      );
      return;
    }
    case "libvirtd-restart":
      during(fleet, fault.forMs, "", (by) => {
        if (by > 0) machine.hypervisor.stopLibvirtd();
        else machine.hypervisor.startLibvirtd();
        machine.agent?.observe();
      });
      return;
    case "slow-hypervisor":
      during(fleet, fault.forMs, "", (by) => {
        machine.hypervisor.slowness = by > 0 ? fault.factor : 1;
      });
      return;
    case "hang":
      during(fleet, fault.forMs, "", (by) => {
        if (by > 0) machine.hypervisor.hang(fault.operation);
        else machine.hypervisor.unhang(fault.operation);
      });
      return;
    case "unkillable": {
      const process = machine.hypervisor.processes.get(guestName(fleet, fault.guest));
      if (process !== undefined) process.unkillable = true;
      return;
    }
    case "hand-start":
      machine.hypervisor.call("start", guestName(fleet, fault.guest), true, () => {});
      return;
    case "hand-resume":
      machine.hypervisor.call("resume", guestName(fleet, fault.guest), true, () => {});
      return;
    case "add-host":
      if (!machine.member) machine.join();
      return;
    case "drain":
    case "undrain":
      operator.drain(machine, fault.kind);
      return;
    case "confirm-dead":
      operator.confirmDead(machine);
      return;
    case "lost-fsync":
      machine.disk.lying = true;
      return;
    case "drift":
      machine.clock.setRate(fleet.queue.nowMs, fault.rate);
      return;
    default:
      return;
  }
}

function injectOnFleet(fleet: Fleet, operator: Operator, fault: Fault): void {
  switch (fault.kind) {
    case "fleet-power-cut":
      for (const machine of fleet.members()) {
        during(fleet, fault.forMs + machine.node * fault.staggerMs, "", (by) => machine.addOffReason(by));
      }
      return;
    case "policy": {
      const wish = fleet.wishes[fault.guest];
      if (wish !== undefined) wish.wanted = fault.wanted;
      fleet.spreadPolicy();
      return;
    }
    case "class": {
      const wish = fleet.wishes[fault.guest];
      if (wish !== undefined) wish.eligible = fault.hosts;
      fleet.spreadPolicy();
      return;
    }
    case "replace-voter":
      operator.replaceVoter(fleet.machineAt(fault.out), fleet.machineAt(fault.by));
      return;
    case "release":
      operator.release(guestName(fleet, fault.guest), fleet.machineAt(fault.to));
      return;
    default:
      return;
  }
}

/** Does it with 1 now and undoes it with -1 later. */
function during(fleet: Fleet, forMs: number, over: string, change: (by: 1 | -1) => void): void {
  change(1);
  const end = (): void => {
    if (over !== "") fleet.say("fleet", over);
    change(-1);
  };
  fleet.queue.after(forMs, end, undefined);
}

/** SIGSTOP now and SIGCONT later, to these very processes: a restart ends it too. */
function stopFor(fleet: Fleet, machine: Machine, forMs: number, agent: boolean, deadMan: boolean): void {
  const stoppedAgent = agent ? machine.agent : undefined;
  const stoppedDeadMan = deadMan ? machine.deadMan : undefined;
  stoppedAgent?.stop();
  stoppedDeadMan?.stop();
  const end = (): void => {
    stoppedAgent?.continue();
    stoppedDeadMan?.continue();
  };
  fleet.queue.after(forMs, end, undefined);
}

function wipe(fleet: Fleet, operator: Operator, machine: Machine, forMs: number): void {
  const wasVoter = machine.disk.records.has("voter-disk");
  machine.addAgentDownReason(1);
  machine.disk.wipe();
  const back = (): void => {
    machine.addAgentDownReason(-1);
    if (wasVoter) operator.replaceVoter(machine, machine);
  };
  fleet.queue.after(forMs, back, undefined);
}

function guestName(fleet: Fleet, guest: number): string {
  return fleet.spec.guests[guest]?.name ?? `guest-${guest}`;
}

function whereOf(fleet: Fleet, fault: Fault): string {
  return "host" in fault ? fleet.machineAt(fault.host).name : "fleet";
}
