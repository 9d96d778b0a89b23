import { existsSync } from "node:fs";
import type { GuestId, HostId, Note, OperatorCommand } from "@berth/claims";
import { reasonOf } from "../agent-error.ts";
import { recordActLater } from "../fleet/audit-trail.ts";
import type { MemberDocument } from "../fleet/member-document.ts";
import { OrderExchange, type OrderOutcome } from "../fleet/order-exchange.ts";
import type { HostFactsNotice, OrderCommand } from "../ports/agent-notice.ts";
import type { AgentComponents } from "./agent-components.ts";
import { agentSnapshot } from "./agent-snapshot.ts";
import { DeadManWatch } from "./dead-man-watch.ts";
import { FactsExchange } from "./facts-exchange.ts";
import { fleetHosts } from "./fleet-hosts.ts";
import { ConditionWatch, lifeBegins, lifeEnds, operatorNote, removedText } from "./happenings.ts";
import { hookVerdict } from "./hook-verdict.ts";
import { HostWorks } from "./host-works.ts";
import { LagWatch } from "./lag-watch.ts";
import type { MemberKeeper } from "./member-keeper.ts";
import { ownFacts } from "./own-facts.ts";
import type { AgentEvent, AgentSnapshot, HookVerdict, PolicyInForce, RunningAgent } from "./running-agent.ts";

/** How often the dead-man's heartbeat is read. @default 250 ms: twice in what the protocol grants it */
const heartbeatMs = 250;
/** How often the policy's files are looked at: a change is in force after the second look that finds it at rest. */
const policyLookMs = 500;
/** Everything else that has no hurry. */
const housekeepingMs = 1_000;
/** A stop waits this long for acts that have begun; what takes longer ends without us. */
const farewellMs = 1_000;

/** One life of an agent; see `start-agent.ts` for where its parts come from. */
export class Agent implements RunningAgent {
  readonly #parts: AgentComponents;
  readonly #works: HostWorks;
  readonly #deadMan: DeadManWatch;
  readonly #facts: FactsExchange;
  readonly #orders: OrderExchange;
  readonly #lag = new LagWatch();
  readonly #conditions = new ConditionWatch();
  readonly #keeper: MemberKeeper;
  readonly #ended = Promise.withResolvers<undefined>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #startedMs: number;
  #promisedBefore: ReadonlySet<GuestId> = new Set();
  #toldMembers: MemberDocument | undefined;
  #draining = false;
  #stopped: Promise<void> | undefined;
  #hasFailed = false;

  constructor(components: AgentComponents) {
    const { clock, link, network } = components;
    this.#parts = components;
    // A life may end before anybody waits for its end: that is no bug of its own.
    this.#ended.promise.catch(() => {});
    this.#startedMs = clock.now().bootMs;
    this.#deadMan = new DeadManWatch({ link });
    this.#works = new HostWorks(components, { failed: (error) => this.#failed(error) });
    this.#facts = new FactsExchange({ channel: network, facts: () => this.#ownFacts() });
    const links = {
      config: () => this.#works.loop.standing().config,
      operate: (c: OperatorCommand) => this.operate(c),
    };
    this.#keeper = components.makeKeeper(links);
    this.#orders = this.#makeOrders();
  }

  get ended(): Promise<undefined> {
    return this.#ended.promise;
  }

  /**
   * Begins the life. Returns once the protocol runs; hypervisors and peers come as they can. @throws whatever ended the life before
   * that, such as a write that failed: nothing of it is left then
   */
  async start(): Promise<void> {
    const { config, home, store, link, network, bootId, nonce, clock } = this.#parts;
    const feed = link.readFeed();
    this.#note(lifeBegins(home.self, home.fleet));
    const durable = store.load();
    this.#draining = durable.some(({ kind }) => kind === "draining");
    this.#promisedBefore = new Set(durable.flatMap((r) => (r.kind === "promised" ? r.value : [])));
    network.onMessage((from, message) => this.#works.loop.handle({ kind: "message", from, message }));
    network.onPeerUp(({ host }) => this.#peerUp(host));
    network.onPeerDown(({ host, reason }) => {
      this.#note({ level: "warning", code: "PEER_DOWN", host, text: `${host} is down: ${reason}` });
    });
    network.onNotice((from, notice) => {
      this.#facts.take(from, notice, clock.now());
      this.#works.definitions.take(from, notice);
      this.#orders.take(from, notice);
    });
    const base = { kind: "start", durable, bootId, config: home.founding, nonce } as const;
    this.#works.loop.handle(feed === undefined ? base : { ...base, feed });
    this.#tellMembers();
    await network.start();
    if (this.#stopped !== undefined) {
      // The stop found a network that was not there yet.
      await network.stop();
      return this.#ended.promise;
    }
    await this.#keeper.start();
    // A witness needs no policy. Policy comes first: it may name hypervisors that the first look must not leave out.
    if (home.hypervisor || existsSync(config.policyPath)) await this.#works.policy.reloadOrTell();
    if (this.#stopped !== undefined) return this.#ended.promise;
    if (home.hypervisor) this.#works.guests.start();
    this.#every(heartbeatMs, () => this.#lookAtDeadMan());
    this.#every(policyLookMs, () => this.#works.policy.look());
    this.#every(housekeepingMs, () => this.#housekeeping());
  }

  snapshot(): AgentSnapshot {
    const { home, clock, machine, network } = this.#parts;
    return agentSnapshot({
      ...{ home, clock, machine, network },
      policy: this.#works.policy.inForce,
      deadMan: this.#deadMan,
      guests: this.#works.guests,
      members: this.#keeper.members,
      facts: this.#facts.heard,
      ownFacts: this.#ownFacts(),
      lastPass: this.#works.schedule.last,
      draining: this.#draining,
      startedMs: this.#startedMs,
      degraded: this.#degraded(),
    });
  }

  operate(command: OperatorCommand): void {
    this.#note(operatorNote(command));
    if (command.kind === "drain" || command.kind === "undrain") this.#draining = command.kind === "drain";
    this.#works.loop.handle({ kind: "operator", command });
  }

  order(host: HostId, command: OrderCommand, operator: string): Promise<OrderOutcome> {
    return this.#orders.ask(host, command, operator);
  }

  reload(): Promise<PolicyInForce> {
    return this.#works.policy.reload();
  }

  events(sinceId = 0, sinceMs?: number): readonly AgentEvent[] {
    return this.#parts.journal.since(sinceId, sinceMs);
  }

  onEvent(listener: (event: AgentEvent) => void): () => void {
    return this.#parts.journal.listen(listener);
  }

  hook(guest: GuestId): HookVerdict {
    const { machine, home } = this.#parts;
    return hookVerdict({
      guest,
      self: home.self,
      promise: this.#works.policy.promises.get(guest),
      view: machine.guest(guest),
      isOwnStart: this.#works.ownStarts.has(guest),
      leased: this.#works.policy.modeOf(guest) === "gossip" || this.#works.loop.standing().leaseRemainingMs > 0,
      policyKnown: this.#works.policy.inForce.generation > 0,
      promisedBefore: this.#promisedBefore.has(guest),
    });
  }

  adoptMembers(document: MemberDocument): void {
    this.#keeper.adopt(document);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopNow();
    return this.#stopped;
  }

  async #stopNow(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#lag.stop();
    this.#works.schedule.stop();
    this.#works.policy.stop();
    this.#works.guests.stop();
    this.#orders.stop();
    await this.#keeper.stop();
    await this.#works.loop.freeze();
    await this.#parts.network.stop();
    await settledWithin(farewellMs, this.#works.schedule.running, this.#works.guests.whenActsEnd());
    await settledWithin(farewellMs, this.#works.hypervisors.close());
    await this.#parts.store.close();
    if (!this.#hasFailed) this.#note(lifeEnds);
    await settledWithin(farewellMs, this.#parts.journal.close());
    this.#ended.resolve(undefined);
  }

  #makeOrders(): OrderExchange {
    const { home, network, journal } = this.#parts;
    return new OrderExchange({
      channel: network,
      self: home.self,
      members: () => this.#keeper.members.members,
      peers: () => network.members(),
      carryOut: (command) => this.#carryOut(command),
      record: (entry) => recordActLater(home.stateDir, { at: new Date().toISOString(), ...entry }),
      note: (text, host, level) => journal.write({ level, code: "OPERATOR", host, text }),
      nowMs: () => performance.now(),
    });
  }

  /** An order of another host, unless it makes no sense here. What could strand a guest is the asking command's matter. */
  #carryOut(command: OrderCommand): string | undefined {
    const { home, agent, machine } = this.#parts;
    if (!agent.remoteOrders) return "it takes no orders from other hosts (remote_orders: false in its configuration)";
    if (!home.hypervisor) return "it is a witness and has no guests";
    if (command.kind === "release" && machine.guest(command.guest)?.owned !== true)
      return `it does not own ${command.guest}`;
    if (command.kind === "release" && command.to === home.self) return `it has ${command.guest} already`;
    this.operate(command);
    return undefined;
  }

  #peerUp(host: HostId): void {
    this.#note({ level: "info", code: "PEER_UP", host, text: `${host} is up` });
    this.#works.loop.handle({ kind: "peer-connected", host });
    this.#facts.peerUp(host);
    this.#works.definitions.peerUp(host);
  }

  #degraded(): readonly string[] {
    const { home } = this.#parts;
    const deadMan = home.hypervisor
      ? this.#deadMan.degraded(this.#works.loop.standing().config.profile.watchdogMs)
      : [];
    const { isRemoved, members } = this.#keeper;
    const removed = isRemoved ? [removedText(home.self, members)] : [];
    const unwatched = this.#works.hypervisors.unwatched.map(
      (uri) => `the dead-man does not watch ${uri}: without the agent, guests there outlive the lease`,
    );
    return [...removed, ...deadMan, ...(home.hypervisor ? unwatched : []), ...this.#lag.degraded];
  }

  /** The protocol waits a moment after the start for members that it has not heard. */
  #tellMembers(): void {
    const { members } = this.#keeper;
    if (members === this.#toldMembers) return;
    this.#toldMembers = members;
    this.#works.loop.handle({ kind: "members", hosts: fleetHosts(members) });
  }

  #ownFacts(): HostFactsNotice {
    const reachable = this.#works.guests.isUp;
    return ownFacts({
      config: this.#works.loop.standing().config,
      policyDigest: this.#works.policy.inForce.digest,
      policyProblem: this.#works.policy.problem,
      degraded: this.#degraded(),
      hypervisors: this.#works.hypervisors.types.map((type) => ({ type, reachable })),
      peers: this.#parts.network.members(),
    });
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms));
  }

  #lookAtDeadMan(): void {
    const event = this.#deadMan.look(() => this.#parts.clock.now());
    if (event !== undefined) this.#works.loop.handle(event);
    const condition = {
      leased: this.#works.loop.standing().leaseRemainingMs > 0,
      deadMan: this.#deadMan.sign,
      hypervisorProblem: this.#works.guests.problem,
      removed: this.#keeper.isRemoved ? removedText(this.#parts.home.self, this.#keeper.members) : undefined,
    };
    for (const note of this.#conditions.look(condition)) this.#note(note);
  }

  #note(note: Note | undefined): void {
    if (note !== undefined) this.#parts.journal.write(note);
  }

  #housekeeping(): void {
    const { clock, journal } = this.#parts;
    this.#tellMembers();
    const { fenceMs } = this.#works.loop.standing().config.profile;
    const stallMs = this.#lag.tick(clock.now(), fenceMs / 4);
    if (stallMs !== undefined) {
      const text = `this agent stood still for ${Math.round(stallMs)} ms`;
      journal.write({ level: "warning", code: "AGENT_STALLED", text });
    }
    this.#facts.retain(new Set(this.#keeper.members.members.map(({ hostId }) => hostId)));
    this.#facts.tick(clock.now());
    this.#works.guests.tick();
  }

  #failed(error: unknown): void {
    const { journal } = this.#parts;
    this.#hasFailed = true;
    journal.write({ level: "alarm", code: "AGENT_ENDS", text: `the agent ends: ${reasonOf(error)}` });
    this.#ended.reject(error);
    void this.stop().catch(() => {});
  }
}

/** Waits for all, but no longer than `ms`. */
async function settledWithin(ms: number, ...all: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([Promise.allSettled(all), promise]);
  clearTimeout(timer);
}
