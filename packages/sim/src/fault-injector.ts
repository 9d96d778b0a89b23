import { faultText } from "./fault-text.ts";
import type { Fault, FaultKind, FaultShapes } from "./faults.ts";
import type { Fleet } from "./fleet.ts";
import type { Machine } from "./machine.ts";
import { fairWeather } from "./network.ts";
import type { Operator } from "./operator.ts";

/** What a fault can reach. */
interface Reach {
  readonly fleet: Fleet;
  readonly operator: Operator;
}

type Injectors = { readonly [K in FaultKind]: (fault: FaultShapes[K], reach: Reach) => void };

const networkFaults = {
  partition: ({ side, forMs }, { fleet }) =>
    during(fleet, forMs, "the network is whole again", (by) => {
      fleet.network.partition(side, by);
      if (by < 0) fleet.connectAll();
    }),
  "one-way": ({ from, to, forMs }, { fleet }) =>
    during(fleet, forMs, "the one-way cut is over", (by) => {
      fleet.network.cut(from, to, by);
      if (by < 0) fleet.connectAll();
    }),
  deaf: ({ host, forMs }, { fleet }) =>
    during(fleet, forMs, `${fleet.machineAt(host).name} hears again`, (by) => {
      for (const other of fleet.machines) if (other.node !== host) fleet.network.cut(other.node, host, by);
      if (by < 0) fleet.connectAll();
    }),
  mute: ({ host, forMs }, { fleet }) =>
    during(fleet, forMs, `${fleet.machineAt(host).name} is heard again`, (by) => {
      for (const other of fleet.machines) if (other.node !== host) fleet.network.cut(host, other.node, by);
      if (by < 0) fleet.connectAll();
    }),
  outage: ({ forMs }, { fleet }) =>
    during(fleet, forMs, "the network is back", (by) => {
      fleet.network.outage(by);
      if (by < 0) fleet.connectAll();
    }),
  weather: ({ loss, duplicate, late, lateMs, forMs }, { fleet }) =>
    during(fleet, forMs, "the network is good again", (by) => {
      fleet.network.weather = by > 0 ? { ...fairWeather, loss, duplicate, late, lateMs } : fairWeather;
    }),
  hold: ({ host, outMs, inMs, forMs }, { fleet }) =>
    during(fleet, forMs, "its messages are in time again", (by) =>
      fleet.network.hold(host, by > 0 ? outMs : 0, by > 0 ? inMs : 0),
    ),
} satisfies Partial<Injectors>;

const processFaults = {
  "agent-crash": ({ host, forMs }, { fleet }) =>
    during(fleet, forMs, "", (by) => fleet.machineAt(host).addAgentDownReason(by)),
  "agent-stop": ({ host, forMs }, { fleet }) => stopFor(fleet, fleet.machineAt(host), forMs, true, false),
  "deadman-stop": ({ host, forMs }, { fleet }) => stopFor(fleet, fleet.machineAt(host), forMs, false, true),
  "both-stopped": ({ host, forMs }, { fleet }) => stopFor(fleet, fleet.machineAt(host), forMs, true, true),
  "agent-restart": ({ host }, { fleet }) => fleet.machineAt(host).restartAgent(),
  "libvirtd-restart": ({ host, forMs }, { fleet }) => {
    const machine = fleet.machineAt(host);
    during(fleet, forMs, "", (by) => {
      if (by > 0) machine.hypervisor.stopLibvirtd();
      else machine.hypervisor.startLibvirtd();
      machine.agent?.observe();
    });
  },
  "slow-hypervisor": ({ host, factor, forMs }, { fleet }) =>
    during(fleet, forMs, "", (by) => {
      fleet.machineAt(host).hypervisor.slowness = by > 0 ? factor : 1;
    }),
  hang: ({ host, operation, forMs }, { fleet }) =>
    during(fleet, forMs, "", (by) => {
      if (by > 0) fleet.machineAt(host).hypervisor.hang(operation);
      else fleet.machineAt(host).hypervisor.unhang(operation);
    }),
  unkillable: ({ host, guest }, { fleet }) => {
    const process = fleet.machineAt(host).hypervisor.processes.get(guestName(fleet, guest));
    if (process !== undefined) process.unkillable = true;
  },
  "hand-start": ({ host, guest }, { fleet }) =>
    fleet.machineAt(host).hypervisor.call("start", guestName(fleet, guest), true, () => {}),
  "hand-resume": ({ host, guest }, { fleet }) =>
    fleet.machineAt(host).hypervisor.call("resume", guestName(fleet, guest), true, () => {}),
} satisfies Partial<Injectors>;

const machineFaults = {
  "wipe-disk": ({ host, forMs }, { fleet, operator }) => wipe(fleet, operator, fleet.machineAt(host), forMs),
  "slow-disk": ({ host, slowMs, forMs }, { fleet }) =>
    during(fleet, forMs, "", (by) => {
      fleet.machineAt(host).disk.slowMs = by > 0 ? slowMs : 0;
    }),
  "lost-fsync": ({ host }, { fleet }) => {
    fleet.machineAt(host).disk.lying = true;
  },
  "power-loss": ({ host, forMs }, { fleet }) =>
    during(fleet, forMs, "", (by) => fleet.machineAt(host).addOffReason(by)),
  "fleet-power-cut": ({ forMs, staggerMs }, { fleet }) => {
    for (const machine of fleet.members()) {
      during(fleet, forMs + machine.node * staggerMs, "", (by) => machine.addOffReason(by));
    }
  },
  freeze: ({ host, forMs }, { fleet }) => freeze(fleet, fleet.machineAt(host), forMs, false),
  "blind-freeze": ({ host, forMs }, { fleet }) => freeze(fleet, fleet.machineAt(host), forMs, true),
  drift: ({ host, rate }, { fleet }) => fleet.machineAt(host).clock.setRate(fleet.queue.nowMs, rate),
  "host-lost": ({ host }, { fleet }) => fleet.machineAt(host).addOffReason(1),
  clone: ({ host, of, blank, forMs }, { fleet }) => {
    const machine = fleet.machineAt(host);
    const original = fleet.machineAt(of);
    for (const [key, record] of original.disk.records) {
      if (blank !== true && !key.startsWith("voter")) machine.disk.records.set(key, record);
    }
    machine.identity = original.name;
    machine.policy = fleet.policyFor(machine);
    fleet.clones.push(machine);
    machine.join();
    if (forMs !== undefined) fleet.queue.after(forMs, (copy: Machine) => copy.addOffReason(1), machine);
  },
} satisfies Partial<Injectors>;

const changes = {
  policy: ({ guest, wanted }, { fleet }) => {
    const wish = fleet.wishes[guest];
    if (wish !== undefined) Object.assign(wish, { wanted, changedAtMs: fleet.queue.nowMs });
    fleet.spreadPolicy();
  },
  class: ({ guest, hosts }, { fleet }) => {
    const wish = fleet.wishes[guest];
    if (wish !== undefined) Object.assign(wish, { eligible: hosts, changedAtMs: fleet.queue.nowMs });
    fleet.spreadPolicy();
  },
  "add-host": ({ host }, { fleet }) => {
    const machine = fleet.machineAt(host);
    if (!machine.member) machine.join();
  },
  "replace-voter": ({ out, by }, { fleet, operator }) =>
    operator.replaceVoter(fleet.machineAt(out), fleet.machineAt(by)),
  drain: ({ host }, { fleet, operator }) => operator.drain(fleet.machineAt(host), "drain"),
  undrain: ({ host }, { fleet, operator }) => operator.drain(fleet.machineAt(host), "undrain"),
  release: ({ guest, to }, { fleet, operator }) => operator.release(guestName(fleet, guest), fleet.machineAt(to)),
  "confirm-dead": ({ host }, { fleet, operator }) => operator.confirmDead(fleet.machineAt(host)),
  "reset-quorum": ({ host, voters, dead }, { fleet, operator }) => {
    const machines = (nodes: readonly number[]): Machine[] => nodes.map((node) => fleet.machineAt(node));
    operator.resetQuorum(fleet.machineAt(host), machines(voters), machines(dead));
  },
} satisfies Partial<Injectors>;

const injectors: Injectors = { ...networkFaults, ...processFaults, ...machineFaults, ...changes };

/** Makes one fault happen, and schedules its end. */
export function injectFault(fleet: Fleet, operator: Operator, fault: Fault): void {
  if (fleet.verbose) {
    const where = "host" in fault ? fleet.machineAt(fault.host).name : "fleet";
    fleet.say(where, faultText(fleet.spec, fault));
  }
  (injectors[fault.kind] as (fault: Fault, reach: Reach) => void)(fault, { fleet, operator });
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

/** A boot in between ends the sleep too. */
function freeze(fleet: Fleet, machine: Machine, forMs: number, blind: boolean): void {
  if (!machine.powered) return;
  const { bootId } = machine;
  machine.addFrozenReason(1);
  const thaw = (): void => {
    if (machine.bootId === bootId && machine.powered) machine.addFrozenReason(-1, blind);
  };
  fleet.queue.after(forMs, thaw, undefined);
}

function wipe(fleet: Fleet, operator: Operator, machine: Machine, forMs: number): void {
  const wasVoter = machine.disk.records.has("voter-disk");
  const voterRecords = ["voter-disk", "voter-active"].map((key) => [key, machine.disk.records.get(key)] as const);
  machine.addAgentDownReason(1);
  machine.wipeDisk();
  if (fleet.wipedVoterKeepsName && wasVoter) {
    for (const [key, record] of voterRecords) machine.disk.records.set(key, record);
  }
  const back = (): void => {
    machine.addAgentDownReason(-1);
    if (wasVoter) operator.replaceVoter(machine, machine);
  };
  fleet.queue.after(forMs, back, undefined);
}

function guestName(fleet: Fleet, guest: number): string {
  return fleet.spec.guests[guest]?.name ?? `guest-${guest}`;
}
