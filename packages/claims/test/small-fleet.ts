/**
 * A fleet small enough to read: every message takes 5 ms, every act its usual time, clocks agree. It drives the machines as
 * an agent would and lets a test cut cables, stop agents and pull plugs. The real simulator, with everything that can go
 * wrong, is packages/sim; this one is for saying one sentence of the protocol at a time.
 */

import {
  type Act,
  applyRecord,
  type Configuration,
  type DeadMan,
  type FleetHost,
  type GuestId,
  type GuestObservation,
  type Host,
  type HostEvent,
  type HostId,
  type Message,
  type Now,
  type Profile,
  type PromisedGuest,
  recordKey,
} from "../src/index.ts";
import { createDeadManWith, createHostWith, productionRules, type Rules } from "../src/testing.ts";
import { configuration, type Machine, newMachine } from "./small-machine.ts";

export interface SmallFleetInit {
  readonly hosts: readonly HostId[];
  readonly witnesses?: readonly HostId[];
  readonly voters?: readonly HostId[];
  readonly guests?: readonly PromisedGuest[];
  readonly rules?: Partial<Rules>;
  readonly profile?: Profile;
  /** Hosts that are not switched on at the beginning. */
  readonly off?: readonly HostId[];
  readonly members?: readonly FleetHost[];
}

export class SmallFleet {
  readonly machines = new Map<HostId, Machine>();
  readonly rules: Rules;
  config: Configuration;
  /** The list that agents are given when they start. @default all machines */
  members: readonly FleetHost[] | undefined;
  nowMs = 1_000;
  /** Drops a message when it returns true. */
  drop: (from: HostId, to: HostId, message: Message) => boolean = () => false;
  messages: { readonly from: HostId; readonly to: HostId; readonly message: Message; readonly atMs: number }[] = [];
  readonly #queue: { readonly atMs: number; readonly run: () => void }[] = [];
  readonly #lastActs = new Map<HostId, Act>();
  #boots = 0;
  #started = 0;

  constructor(init: SmallFleetInit) {
    this.rules = { ...productionRules, ...init.rules };
    this.members = init.members;
    this.config = configuration(init.voters ?? init.hosts.slice(0, 3), init.profile);
    for (const name of [...init.hosts, ...(init.witnesses ?? [])]) {
      const hypervisor = init.hosts.includes(name);
      this.machines.set(name, newMachine(name, hypervisor, init.guests ?? []));
      this.#found(name);
    }
    for (const name of this.machines.keys()) if (init.off?.includes(name) !== true) this.powerOn(name);
  }

  machine(name: HostId): Machine {
    const found = this.machines.get(name);
    if (found === undefined) throw new Error(`no machine ${name}`);
    return found;
  }

  /** Gives the voters of the first configuration their disks. */
  #found(name: HostId): void {
    const voter = this.config.voters.find((v) => v.host === name);
    if (voter === undefined) return;
    const { store } = this.machine(name);
    applyRecord(store, { kind: "voter-disk", value: { voter: voter.voter } });
    applyRecord(store, { kind: "voter-active", value: { cfg: 1 } });
  }

  powerOn(name: HostId): void {
    const m = this.machine(name);
    this.#boots += 1;
    m.bootId = `boot-${this.#boots}`;
    m.powered = true;
    m.feed = undefined;
    this.startDeadMan(name);
    this.startAgent(name);
  }

  powerOff(name: HostId): void {
    const m = this.machine(name);
    m.powered = false;
    m.agent = undefined;
    m.deadMan = undefined;
    m.domains.clear();
  }

  startAgent(name: HostId): void {
    const m = this.machine(name);
    this.#started += 1;
    const agent = createHostWith({ host: name, fleet: "f", seed: this.#started, hypervisor: m.hypervisor }, this.rules);
    m.agent = agent;
    m.wakeAtMs = 0;
    this.give(name, {
      kind: "start",
      durable: [...m.store.values()],
      bootId: m.bootId,
      ...(m.feed === undefined ? {} : { feed: m.feed }),
      config: this.config,
      nonce: `nonce-${name}-${this.#started}`,
    });
    const members = [...this.machines.values()].map((o) => ({ host: o.name, hypervisor: o.hypervisor, classes: [] }));
    this.give(name, { kind: "members", hosts: this.members ?? members });
    this.give(name, { kind: "policy", guests: m.policy });
    this.give(name, { kind: "dead-man-alive", watchdog: false });
    if (m.hypervisor) this.look(name);
    for (const other of this.machines.values())
      if (other.name !== name && this.#connected(name, other.name)) {
        this.give(name, { kind: "peer-connected", host: other.name });
        this.give(other.name, { kind: "peer-connected", host: name });
      }
    this.#everySecond(m, agent);
  }

  #everySecond(m: Machine, agent: Host): void {
    if (m.agent !== agent) return;
    if (m.deadMan !== undefined) this.give(m.name, { kind: "dead-man-alive", watchdog: false });
    if (m.hypervisor) this.look(m.name);
    this.at(1_000, () => this.#everySecond(m, agent));
  }

  stopAgent(name: HostId): void {
    this.machine(name).agent = undefined;
  }

  startDeadMan(name: HostId): void {
    const m = this.machine(name);
    const deadMan = createDeadManWith(this.rules);
    m.deadMan = deadMan;
    const guests = [...m.store.values()].flatMap((r) => (r.kind === "owned" ? [r.guest] : []));
    deadMan.step(
      { kind: "start", bootId: m.bootId, guests, ...(m.feed === undefined ? {} : { feed: m.feed }) },
      this.now(),
    );
    this.#pollDeadMan(m, deadMan);
  }

  #pollDeadMan(m: Machine, deadMan: DeadMan): void {
    if (m.deadMan !== deadMan) return;
    deadMan.step({ kind: "poll", ...(m.feed === undefined ? {} : { feed: m.feed }) }, this.now());
    const ready = deadMan.takeReady();
    m.watchdogFed = ready.feedWatchdog;
    m.notes.push(...ready.notes);
    for (const act of ready.act) {
      if (act.kind === "observe") {
        this.at(2, () => {
          const guests = [...m.domains.values()].map(({ guest, state, process }) =>
            process === undefined ? { guest, state } : { guest, state, process },
          );
          if (m.deadMan === deadMan) deadMan.step({ kind: "observed", guests }, this.now());
        });
        continue;
      }
      m.acts.push(`dead-man ${act.kind} ${act.guest}`);
      if (m.hanging.has(act.kind)) continue;
      this.at(3, () => this.#change(m, act.guest, act.kind === "suspend" ? "paused" : "off"));
    }
    this.at(Math.max(1, ready.nextWakeMs - this.nowMs), () => this.#pollDeadMan(m, deadMan));
  }

  now(): Now {
    return { bootMs: this.nowMs, monoMs: this.nowMs };
  }

  /** One event to one agent, and everything that comes of it. */
  give(name: HostId, event: HostEvent): void {
    const m = this.machine(name);
    const { agent } = m;
    if (agent === undefined) return;
    agent.step(event, this.now());
    const ready = agent.takeReady();
    for (const record of ready.persist) {
      applyRecord(m.store, record);
      m.trace.push(`persist ${recordKey(record)}${record.value === null ? " gone" : ""}`);
    }
    if (ready.feed !== undefined) {
      m.feed = ready.feed;
      m.trace.push(`feed ${ready.feed.guests.map((g) => g.guest).join(",")}`);
    }
    for (const { to, message } of ready.send) {
      m.trace.push(`send ${message.kind} ${to}`);
      const targets = to === "*" ? [...this.machines.keys()].filter((n) => n !== name) : [to];
      for (const target of targets) this.#send(name, target, message);
    }
    for (const act of ready.act) {
      m.trace.push(`act ${act.kind} ${act.guest}`);
      this.#carryOut(m, agent, act);
    }
    m.notes.push(...ready.notes);
    if (ready.nextWakeMs !== undefined) this.#wake(m, agent, ready.nextWakeMs);
  }

  /** One alarm clock per agent: an earlier moment replaces a later one. */
  #wake(m: Machine, agent: Host, wantedMs: number): void {
    const atMs = Math.max(this.nowMs + 1, wantedMs);
    if (m.wakeAtMs > this.nowMs && m.wakeAtMs <= atMs) return;
    m.wakeAtMs = atMs;
    this.at(atMs - this.nowMs, () => {
      if (m.agent !== agent || m.wakeAtMs !== atMs) return;
      m.wakeAtMs = 0;
      this.give(m.name, { kind: "wake" });
    });
  }

  #connected(a: HostId, b: HostId): boolean {
    const first = this.machine(a);
    const second = this.machine(b);
    return first.powered && second.powered && (a === b || (!first.cut && !second.cut));
  }

  #send(from: HostId, to: HostId, message: Message): void {
    this.messages.push({ from, to, message, atMs: this.nowMs });
    if (from !== to && this.drop(from, to, message)) return;
    this.at(from === to ? 0 : 5, () => {
      if (this.machines.has(to) && this.#connected(from, to)) this.give(to, { kind: "message", from, message });
    });
  }

  /** The act that was last ordered on a host. */
  lastAct(name: HostId): Act | undefined {
    return this.#lastActs.get(name);
  }

  #carryOut(m: Machine, agent: Host, act: Act): void {
    this.#lastActs.set(m.name, act);
    m.acts.push(`${act.kind} ${act.guest}`);
    if (m.hanging.has(act.kind)) return;
    const times = { "start-paused": 400, resume: 3, suspend: 3, shutdown: 500, destroy: 205, "clear-autostart": 1 };
    this.at(times[act.kind], () => {
      if (!m.powered) return;
      if (m.failing.has(act.kind)) {
        if (m.agent === agent) this.give(m.name, { kind: "act-done", act, outcome: "failed" });
        this.look(m.name);
        return;
      }
      if (act.kind === "start-paused") this.place(m.name, act.guest, "paused");
      else if (act.kind === "resume") this.#change(m, act.guest, "running");
      else if (act.kind === "suspend") this.#change(m, act.guest, "paused");
      else if (act.kind !== "clear-autostart") this.#change(m, act.guest, "off");
      if (m.agent !== agent) return;
      this.give(m.name, { kind: "act-done", act, outcome: "done" });
      this.look(m.name);
    });
  }

  #change(m: Machine, guest: GuestId, state: GuestObservation["state"]): void {
    const domain = m.domains.get(guest);
    if (domain === undefined) return;
    if (state === "off") m.domains.delete(guest);
    else m.domains.set(guest, { ...domain, state });
  }

  /** A domain as if somebody had started it. */
  place(name: HostId, guest: GuestId, state: "running" | "paused", startedAtMs = this.nowMs): void {
    this.#boots += 1;
    const process = { pid: 1_000 + this.#boots, startTicks: this.nowMs };
    this.machine(name).domains.set(guest, { guest, uuid: `uuid-${guest}`, state, process, startedAtMs });
  }

  look(name: HostId): void {
    this.give(name, { kind: "observed", guests: [...this.machine(name).domains.values()] });
  }

  setPolicy(guests: readonly PromisedGuest[], only?: HostId): void {
    for (const m of this.machines.values()) {
      if (only !== undefined && m.name !== only) continue;
      m.policy = guests;
      this.give(m.name, { kind: "policy", guests });
    }
  }

  at(inMs: number, run: () => void): void {
    const atMs = this.nowMs + inMs;
    // Latest first, so that the next one is popped off the end; equal moments keep their order.
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#queue[middle]?.atMs ?? 0) > atMs) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, { atMs, run });
  }

  /** Lets time pass; `watch` is called after every happening. */
  pass(ms: number, watch?: () => void): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = this.#queue.at(-1);
      if (next === undefined || next.atMs > endMs) break;
      this.#queue.pop();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
      watch?.();
    }
    this.nowMs = endMs;
  }

  /** Lets time pass until something holds; how long it took, or an error after the limit. */
  passUntil(holds: () => boolean, limitMs: number): number {
    const sinceMs = this.nowMs;
    while (!holds()) {
      if (this.nowMs - sinceMs > limitMs) throw new Error(`not within ${limitMs} ms`);
      this.pass(10);
    }
    return this.nowMs - sinceMs;
  }

  /** Hosts on which the guest executes now. */
  running(guest: GuestId): readonly HostId[] {
    const on = [...this.machines.values()].filter((m) => m.powered && m.domains.get(guest)?.state === "running");
    return on.map((m) => m.name).sort();
  }

  state(name: HostId, guest: GuestId): "running" | "paused" | "off" {
    return this.machine(name).domains.get(guest)?.state ?? "off";
  }

  view(name: HostId) {
    return this.machine(name).agent?.view(this.now());
  }
}
