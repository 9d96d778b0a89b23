import {
  type Configuration,
  type DurableRecord,
  type Message,
  type Profile,
  type PromisedGuest,
  profiles,
} from "@berth/claims";
import { type Builds, type LoopFlaws, productionBuilds } from "./builds.ts";
import { Disk, type DiskWrite } from "./disk.ts";
import { EventQueue } from "./event-queue.ts";
import { injectFault } from "./fault-injector.ts";
import type { Fault } from "./faults.ts";
import type { Fleet, Wish } from "./fleet.ts";
import { type FleetSpec, nodeCount, nodeName } from "./fleet-spec.ts";
import { firstConfig, foundVoters, plantGuests } from "./founding.ts";
import { HostClock } from "./host-clock.ts";
import type { HostPorts } from "./host-ports.ts";
import { Hypervisor, measuredTimes } from "./hypervisor.ts";
import type { Journal } from "./journal.ts";
import { Machine } from "./machine.ts";
import { type Envelope, fairWeather, Network } from "./network.ts";
import { Operator } from "./operator.ts";
import { type GuestFacts, Oracle } from "./oracle.ts";
import { guestFacts, oracleTimes } from "./oracle-facts.ts";
import { memberList, promisedGuests, uuidOf } from "./policy-sheet.ts";
import { Prng } from "./prng.ts";
import { TraceHash } from "./trace-hash.ts";

/**
 * A whole fleet in one process: machines, the network between them, an operator, and the oracle that watches.
 *
 * The machines run the product's own protocol code. Everything they touch is made here from one seed, so a run can be
 * had again by its number.
 */
export interface WorldOptions {
  readonly builds?: Builds;
  readonly journal?: Journal;
  /** Replaces a part of the profile; for mutants and measurements. */
  readonly profile?: Profile;
  readonly loop?: LoopFlaws;
  /** A wiped voter's disk gets its old voter id again. */
  readonly wipedVoterKeepsName?: boolean;
  /** Every libvirt call takes its measured time exactly: guest starts of 0.4 s. */
  readonly steadyHypervisors?: boolean;
  /** Messages for which this is true are counted and not delivered; for measurements of large fleets. */
  readonly dropped?: (message: Message) => boolean;
  /** When each machine starts, by its number. @default all within half a second */
  readonly startsMs?: readonly number[];
  /** Each host's policy names only the guests whose class matches it; for measurements of large fleets. */
  readonly ownGuestsOnly?: boolean;
}

const hour = 3_600_000;
const bootMs = 15_000;
/** A new member is on everybody's list after so long. */
const memberHeardMs = 300;

/** One fleet, ready to run. */
export class World implements Fleet {
  readonly spec: FleetSpec;
  readonly queue = new EventQueue();
  readonly hash = new TraceHash();
  readonly network: Network<Message>;
  readonly machines: readonly Machine[];
  readonly oracle: Oracle;
  readonly operator: Operator;
  readonly profile: Profile;
  readonly random: Prng;
  readonly wishes: readonly Wish[];
  /** Machines that an operator drains now. */
  readonly draining = new Set<number>();
  /** Messages delivered to voters as requests, for measurements. */
  readonly sentByKind = new Map<string, number>();
  readonly clones: Machine[] = [];
  readonly wipedVoterKeepsName: boolean;
  readonly #journal: Journal | undefined;
  readonly #dropped: ((message: Message) => boolean) | undefined;
  readonly #steadyHypervisors: boolean;
  readonly #ownGuestsOnly: boolean;
  #byName = new Map<string, Machine>();
  #planting = false;
  #released = new Set<string>();

  constructor(spec: FleetSpec, options: WorldOptions = {}) {
    this.spec = spec;
    this.#journal = options.journal;
    this.#dropped = options.dropped;
    this.#ownGuestsOnly = options.ownGuestsOnly === true;
    this.#steadyHypervisors = options.steadyHypervisors === true || spec.timing === "steady";
    this.profile = options.profile ?? profiles[spec.profile];
    this.random = Prng.stream(spec.seed, "world");
    this.wishes = spec.guests.map(({ eligible }) => ({
      wanted: "running",
      eligible,
      changedAtMs: Number.NEGATIVE_INFINITY,
    }));
    const size = nodeCount(spec);
    this.network = new Network(this.queue, Prng.stream(spec.seed, "network"), size, (envelope) =>
      this.#arrive(envelope),
    );
    if (spec.timing === "steady") this.network.weather = { ...fairWeather, delayLowMs: 0.5, delayHighMs: 0.5 };
    this.wipedVoterKeepsName = options.wipedVoterKeepsName === true;
    const ports = this.#ports(options.builds ?? productionBuilds, options.loop ?? {});
    const config = firstConfig(spec, this.profile);
    this.machines = Array.from({ length: size }, (_, node) => this.#makeMachine(node, ports, config));
    for (const machine of this.machines) this.#byName.set(machine.name, machine);
    this.oracle = new Oracle(this.queue, oracleTimes(spec, this.profile), this.machines, this.#facts());
    this.oracle.claims.addConfig(config);
    this.operator = new Operator(this);
    foundVoters(config, (host) => this.#byName.get(host)?.disk);
    this.#planting = true;
    plantGuests(spec, (node) => this.machineAt(node));
    this.#planting = false;
    for (const machine of this.machines) machine.policy = this.policyFor(machine);
    for (let node = 0; node < spec.hosts + spec.witnesses; node++) {
      const soonMs = spec.timing === "steady" ? node : this.random.between(0, 500);
      this.queue.at(options.startsMs?.[node] ?? soonMs, (machine: Machine) => machine.join(), this.machineAt(node));
    }
    for (const fault of spec.faults)
      this.queue.at(fault.atMs, (due: Fault) => injectFault(this, this.operator, due), fault);
  }

  get verbose(): boolean {
    return this.#journal !== undefined;
  }

  /** Runs until a time, or until the oracle has seen a violation. */
  runUntil(untilMs: number): void {
    const { queue, oracle } = this;
    while (oracle.violations.length === 0 && queue.runNext(untilMs));
  }

  say(where: string, text: string): void {
    this.#journal?.add(this.queue.nowMs, where, text);
  }

  machineAt(node: number): Machine {
    const machine = this.machines[node];
    if (machine === undefined) throw new RangeError(`there is no machine number ${node}`);
    return machine;
  }

  machineNamed(name: string): Machine | undefined {
    return this.#byName.get(name);
  }

  members(): Machine[] {
    return this.machines.filter(({ member }) => member);
  }

  /** Something about a guest changed: every member hears of it, each in its own time. */
  spreadPolicy(): void {
    for (const machine of this.machines) {
      const delay = this.spec.timing === "steady" ? 100 : this.random.between(10, 3000);
      this.queue.after(delay, (target: Machine) => target.setPolicy(this.policyFor(target)), machine);
    }
  }

  policyFor(machine: Machine): PromisedGuest[] {
    const { isHypervisor } = machine;
    return promisedGuests(this.spec, this.wishes, { node: this.#placeOf(machine), isHypervisor }, this.#ownGuestsOnly);
  }

  /** The number in whose classes a machine is: its own, unless it goes by another one's name. */
  #placeOf(machine: Machine): number {
    return (this.#byName.get(machine.identity) ?? machine).node;
  }

  noteRelease(guest: string): void {
    this.#released.add(guest);
  }

  /** Two machines can talk again, or one of them has started: both connect. */
  connect(a: Machine, b: Machine): void {
    if (a === b || !this.network.reaches(a.node, b.node) || !this.network.reaches(b.node, a.node)) return;
    const delay = this.spec.timing === "steady" ? 50 : this.random.between(50, 700);
    this.queue.after(delay, (pair: readonly Machine[]) => this.#connected(pair), [a, b]);
  }

  connectAll(): void {
    const members = this.members();
    for (const [index, a] of members.entries()) for (const b of members.slice(index + 1)) this.connect(a, b);
  }

  #connected([a, b]: readonly Machine[]): void {
    if (a?.agent === undefined || b?.agent === undefined) return;
    a.agent.handle({ kind: "peer-connected", host: b.identity });
    b.agent.handle({ kind: "peer-connected", host: a.identity });
  }

  #spreadMembers(): void {
    const hosts = memberList(this.spec, this.machines);
    for (const { agent } of this.machines) agent?.handle({ kind: "members", hosts });
  }

  #arrive(envelope: Envelope<Message>): void {
    const from = this.machineAt(envelope.from);
    const to = this.machineAt(envelope.to);
    if (to.agent === undefined) return;
    this.hash.addTime(this.queue.nowMs);
    this.hash.add(envelope.from * 64 + envelope.to);
    this.hash.addName(envelope.message.kind);
    this.oracle.arrived(to, envelope.message);
    to.agent.handle({ kind: "message", from: from.identity, message: envelope.message });
  }

  #send(from: Machine, to: string, message: Message): void {
    this.oracle.sent(from, to, message);
    if (to !== "*") {
      const target = this.#byName.get(to);
      if (target !== undefined) this.#sendOne(from, target, message);
      for (const clone of this.clones) if (clone.identity === to) this.#sendOne(from, clone, message);
      return;
    }
    for (const target of this.machines) if (target !== from && target.member) this.#sendOne(from, target, message);
  }

  #sendOne(from: Machine, to: Machine, message: Message): void {
    this.sentByKind.set(message.kind, (this.sentByKind.get(message.kind) ?? 0) + 1);
    if (this.#dropped?.(message) === true) return;
    this.network.send(from.node, to.node, message);
  }

  #ports(builds: Builds, flaws: LoopFlaws): HostPorts {
    const { spec } = this;
    return {
      queue: this.queue,
      random: Prng.stream(spec.seed, "hosts"),
      builds,
      flaws,
      fleet: "sim",
      adversarial: spec.timing === "adversarial",
      steady: spec.timing === "steady",
      send: (from, to, message) => this.#send(this.machineAt(from), to, message),
      say: (where, text) => this.say(where, text),
      verbose: this.verbose,
      members: () => memberList(spec, this.machines),
      joined: (node) => {
        if (node >= spec.hosts + spec.witnesses)
          this.queue.after(memberHeardMs, () => this.#spreadMembers(), undefined);
      },
      agentStarted: (node) => {
        const machine = this.machineAt(node);
        for (const peer of this.members()) this.connect(machine, peer);
      },
      resetHost: (node) => {
        const machine = this.machineAt(node);
        machine.addOffReason(1);
        this.queue.after(bootMs, (target: Machine) => target.addOffReason(-1), machine);
      },
      coreThrew: (host, error) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.oracle.report("CORE_THREW", `${host}: ${text}`);
      },
    };
  }

  #makeMachine(node: number, ports: HostPorts, config: Configuration): Machine {
    const { spec, queue } = this;
    const name = nodeName(spec, node);
    const random = Prng.stream(spec.seed, `machine ${node}`);
    const steady = spec.timing === "steady";
    // Hosts take the extremes in turn: the worst case is a slow holder under fast voters, and the other way round.
    const rate = 1 + spec.rho * (spec.timing === "ordinary" ? random.between(-1, 1) : node % 2 === 0 ? -1 : 1);
    const disk: Disk = new Disk(queue, random, {
      written: (key, value, batch) => this.#written(node, key, value, batch),
    });
    disk.steady = steady;
    const hypervisor: Hypervisor = new Hypervisor(queue, random, measuredTimes, {
      executionChanged: (process, executing) => {
        const machine = this.machineAt(node);
        this.hash.addTime(queue.nowMs);
        this.hash.add(node * 2 + (executing ? 1 : 0));
        this.hash.addName(process.guest);
        if (this.verbose) this.#sayExecution(machine, process.guest, executing);
        this.oracle.executionChanged(machine, process, executing, this.#planting);
        machine.agent?.observe();
      },
      ended: (process, by) => {
        const machine = this.machineAt(node);
        if (this.verbose) this.say(name, `${process.guest} is off (${by})`);
        this.oracle.ended(machine, process, by);
        machine.agent?.observe();
      },
    });
    hypervisor.steady = this.#steadyHypervisors;
    const isHypervisor = node < spec.hosts || node >= spec.hosts + spec.witnesses;
    const parts = {
      node,
      name,
      isHypervisor,
      clock: new HostClock(rate, 0, 20_000 + random.between(0, hour)),
      disk,
      hypervisor,
      random,
      watchdogMs: this.profile.watchdogMs,
      memoryKib: 64 * 1024 * 1024,
      uuidOf,
    };
    return new Machine(parts, ports, config);
  }

  #sayExecution(machine: Machine, guest: string, executing: boolean): void {
    this.say(machine.name, executing ? `${guest} EXECUTES here` : `${guest} no longer executes here`);
  }

  #written(node: number, key: string, value: unknown, batch: readonly DiskWrite[]): void {
    this.hash.addTime(this.queue.nowMs);
    this.hash.addName(key);
    const activates = batch.some((write) => write.key === "voter-active");
    this.oracle.written(this.machineAt(node), value as DurableRecord | undefined, activates);
  }

  #facts(): Map<string, GuestFacts> {
    return guestFacts(this.spec.guests, {
      nowMs: () => this.queue.nowMs,
      wish: (index) => this.wishes[index],
      placeOf: (machine) => this.#placeOf(machine),
      mayLeave: (guest, machine) => this.draining.has(machine.node) || this.#released.has(guest),
    });
  }
}
