import { existsSync } from "node:fs";
import type { GuestId, Host, HostId, Note, OperatorCommand } from "@berth/claims";
import { reasonOf } from "../agent-error.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { BerthConfig } from "../config/berth-config.ts";
import { DefinitionExchange } from "../definitions/definition-exchange.ts";
import type { DefinitionStore } from "../definitions/definition-store.ts";
import { recordActLater } from "../fleet/audit-trail.ts";
import type { FleetHome, MemberDocument } from "../fleet/member-document.ts";
import { OrderExchange, type OrderOutcome } from "../fleet/order-exchange.ts";
import type { HypervisorOpener } from "../hypervisor-connections.ts";
import type { PassReport } from "../pass-report.ts";
import type { HostFactsNotice, NoticeChannel, OrderCommand } from "../ports/agent-notice.ts";
import type { DeadManLink } from "../ports/dead-man-link.ts";
import type { HostClock } from "../ports/host-clock.ts";
import type { PeerNetwork } from "../ports/peer-network.ts";
import type { RecordStore } from "../ports/record-store.ts";
import { agentSnapshot } from "./agent-snapshot.ts";
import { DeadManWatch } from "./dead-man-watch.ts";
import { FactsExchange } from "./facts-exchange.ts";
import { fleetHosts } from "./fleet-hosts.ts";
import { FleetPass } from "./fleet-pass.ts";
import { actNote, ConditionWatch, lifeBegins, lifeEnds, operatorNote, removedText } from "./happenings.ts";
import { hookVerdict } from "./hook-verdict.ts";
import { HostGuests } from "./host-guests.ts";
import { HostHypervisors } from "./host-hypervisors.ts";
import type { Journal } from "./journal.ts";
import { LagWatch } from "./lag-watch.ts";
import type { KeeperLinks, MemberKeeper } from "./member-keeper.ts";
import { ownFacts } from "./own-facts.ts";
import { OwnStarts } from "./own-starts.ts";
import { PassSchedule } from "./pass-schedule.ts";
import { PolicyDesk } from "./policy-desk.ts";
import { ProtocolLoop } from "./protocol-loop.ts";
import type { AgentEvent, AgentSnapshot, HookVerdict, PolicyInForce, RunningAgent } from "./running-agent.ts";

/** Everything that an agent is made of, open already. */
export interface AgentComponents {
  readonly config: BerthConfig;
  readonly agent: AgentConfig;
  readonly home: FleetHome;
  readonly machine: Host;
  readonly clock: HostClock;
  readonly store: RecordStore;
  readonly definitions: DefinitionStore;
  readonly link: DeadManLink;
  readonly network: PeerNetwork & NoticeChannel;
  readonly journal: Journal;
  readonly bootId: string;
  readonly nonce: string;
  readonly openHypervisor?: HypervisorOpener;
  readonly makeKeeper: (links: KeeperLinks) => MemberKeeper;
}

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
  readonly #policy: PolicyDesk;
  readonly #loop: ProtocolLoop;
  readonly #hypervisors: HostHypervisors;
  readonly #guests: HostGuests;
  readonly #passes: FleetPass;
  readonly #schedule: PassSchedule;
  readonly #deadMan: DeadManWatch;
  readonly #definitions: DefinitionExchange;
  readonly #facts: FactsExchange;
  readonly #orders: OrderExchange;
  readonly #lag = new LagWatch();
  readonly #ownStarts: OwnStarts;
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
    const { config, agent, machine, clock, store, link, network, journal, openHypervisor } = components;
    const opener = openHypervisor === undefined ? {} : { openHypervisor };
    this.#parts = components;
    // A life may end before anybody waits for its end: that is no bug of its own.
    this.#ended.promise.catch(() => {});
    this.#startedMs = clock.now().bootMs;
    this.#ownStarts = new OwnStarts({ runDir: agent.runDir });
    this.#deadMan = new DeadManWatch({ link });
    this.#loop = new ProtocolLoop(
      { machine, clock, store, link, network },
      {
        act: (act) => this.#guests.act(act),
        note: (note) => journal.write(note),
        stored: (records) => {
          if (records.some(({ kind }) => kind === "owned")) this.#definitions.capture();
        },
        failed: (error) => this.#failed(error),
      },
    );
    this.#hypervisors = new HostHypervisors({ config, ...opener }, (event) => this.#guests.lifecycle(event));
    this.#policy = new PolicyDesk(
      { config, agent, journal, means: () => this.#means() },
      {
        promised: (guests) => this.#loop.handle({ kind: "policy", guests }),
        types: (types) => this.#hypervisors.use(types),
        changed: () => {
          this.#schedule.request();
          this.#definitions.askAll();
        },
      },
    );
    this.#passes = this.#makePasses();
    this.#schedule = new PassSchedule({
      run: () => this.#pass(),
      periodMs: agent.passPeriodSeconds * 1000,
      failed: (text) => journal.write({ level: "warning", code: "PASS_FAILED", text }),
    });
    this.#guests = this.#makeGuests();
    this.#definitions = this.#makeDefinitions();
    this.#facts = new FactsExchange({ channel: network, facts: () => this.#ownFacts() });
    const links = { config: () => this.#loop.standing().config, operate: (c: OperatorCommand) => this.operate(c) };
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
    network.onMessage((from, message) => this.#loop.handle({ kind: "message", from, message }));
    network.onPeerUp(({ host }) => this.#peerUp(host));
    network.onPeerDown(({ host, reason }) => {
      this.#note({ level: "warning", code: "PEER_DOWN", host, text: `${host} is down: ${reason}` });
    });
    network.onNotice((from, notice) => {
      this.#facts.take(from, notice, clock.now());
      this.#definitions.take(from, notice);
      this.#orders.take(from, notice);
    });
    const base = { kind: "start", durable, bootId, config: home.founding, nonce } as const;
    this.#loop.handle(feed === undefined ? base : { ...base, feed });
    this.#tellMembers();
    await network.start();
    if (this.#stopped !== undefined) {
      // The stop found a network that was not there yet.
      await network.stop();
      return this.#ended.promise;
    }
    await this.#keeper.start();
    // A witness needs no policy. Policy comes first: it may name hypervisors that the first look must not leave out.
    if (home.hypervisor || existsSync(config.policyPath)) await this.#policy.reloadOrTell();
    if (this.#stopped !== undefined) return this.#ended.promise;
    if (home.hypervisor) this.#guests.start();
    this.#every(heartbeatMs, () => this.#lookAtDeadMan());
    this.#every(policyLookMs, () => this.#policy.look());
    this.#every(housekeepingMs, () => this.#housekeeping());
  }

  snapshot(): AgentSnapshot {
    const { home, clock, machine, network } = this.#parts;
    return agentSnapshot({
      ...{ home, clock, machine, network },
      policy: this.#policy.inForce,
      deadMan: this.#deadMan,
      guests: this.#guests,
      members: this.#keeper.members,
      facts: this.#facts.heard,
      ownFacts: this.#ownFacts(),
      lastPass: this.#schedule.last,
      draining: this.#draining,
      startedMs: this.#startedMs,
      degraded: this.#degraded(),
    });
  }

  operate(command: OperatorCommand): void {
    this.#note(operatorNote(command));
    if (command.kind === "drain" || command.kind === "undrain") this.#draining = command.kind === "drain";
    this.#loop.handle({ kind: "operator", command });
  }

  order(host: HostId, command: OrderCommand, operator: string): Promise<OrderOutcome> {
    return this.#orders.ask(host, command, operator);
  }

  reload(): Promise<PolicyInForce> {
    return this.#policy.reload();
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
      promise: this.#policy.promises.get(guest),
      view: machine.guest(guest),
      isOwnStart: this.#ownStarts.has(guest),
      leased: this.#policy.modeOf(guest) === "gossip" || this.#loop.standing().leaseRemainingMs > 0,
      policyKnown: this.#policy.inForce.generation > 0,
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
    this.#schedule.stop();
    this.#policy.stop();
    this.#guests.stop();
    this.#orders.stop();
    await this.#keeper.stop();
    await this.#loop.freeze();
    await this.#parts.network.stop();
    await settledWithin(farewellMs, this.#schedule.running, this.#guests.whenActsEnd());
    await settledWithin(farewellMs, this.#hypervisors.close());
    await this.#parts.store.close();
    if (!this.#hasFailed) this.#note(lifeEnds);
    await settledWithin(farewellMs, this.#parts.journal.close());
    this.#ended.resolve(undefined);
  }

  #makePasses(): FleetPass {
    const { config, machine } = this.#parts;
    return new FleetPass({
      config,
      connections: this.#hypervisors.connections,
      policy: () => this.#policy.inForce,
      view: () => this.#loop.view(),
      isOwned: (guest) => machine.guest(guest)?.owned === true,
    });
  }

  #makeGuests(): HostGuests {
    const { config, agent, clock } = this.#parts;
    return new HostGuests(
      {
        hypervisors: this.#hypervisors,
        ownStarts: this.#ownStarts,
        clock,
        typeOf: (guest) => this.#policy.promises.get(guest)?.type,
        prepare: async (guest) => {
          await this.#definitions.apply(guest);
          await this.#passes.prepare(guest);
        },
      },
      { shutdownTimeoutMs: config.shutdownTimeoutMs, weight: agent.weight, embedded: config.embedded },
      {
        event: (event) => this.#loop.handle(event),
        meansChanged: () => this.#policy.tell(),
        definitionsChanged: () => this.#policy.tellSoon(),
        // What a daemon forgot while it was away, such as which networks were up, is repaired at once.
        back: () => this.#schedule.request(),
        ended: (act, end) => this.#note(actNote(act, end)),
        lifecycle: ({ change }) => {
          if (change === "defined") this.#definitions.capture();
        },
      },
    );
  }

  #makeDefinitions(): DefinitionExchange {
    const { machine, definitions, network, journal } = this.#parts;
    return new DefinitionExchange({
      store: definitions,
      channel: network,
      guests: () => this.#loop.view().guests,
      guest: (guest) => machine.guest(guest),
      promises: () => this.#policy.promises,
      hypervisorOf: (guest) => this.#guests.hypervisorOf(guest),
      peersUp: () => network.members().flatMap(({ member, state }) => (state === "up" ? [member.hostId] : [])),
      arrived: () => this.#policy.tellSoon(),
      problem: (text, guest) => {
        journal.write({ level: "warning", code: "DEFINITION", text, ...(guest === undefined ? {} : { guest }) });
      },
    });
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

  #means() {
    const { home, definitions } = this.#parts;
    return {
      hypervisorUp: home.hypervisor && this.#guests.isUp,
      looked: !home.hypervisor || this.#guests.observation !== undefined,
      domains: this.#guests.domains,
      travelled: (guest: GuestId) => definitions.get(guest),
    };
  }

  async #pass(): Promise<PassReport | undefined> {
    if (!this.#parts.home.hypervisor) return undefined;
    const { generation } = await this.reload();
    this.#definitions.capture();
    this.#definitions.askMissing();
    return generation === 0 ? undefined : this.#passes.run();
  }

  #peerUp(host: HostId): void {
    this.#note({ level: "info", code: "PEER_UP", host, text: `${host} is up` });
    this.#loop.handle({ kind: "peer-connected", host });
    this.#facts.peerUp(host);
    this.#definitions.peerUp(host);
  }

  #degraded(): readonly string[] {
    const { home } = this.#parts;
    const deadMan = home.hypervisor ? this.#deadMan.degraded(this.#loop.standing().config.profile.watchdogMs) : [];
    const { isRemoved, members } = this.#keeper;
    const removed = isRemoved ? [removedText(home.self, members)] : [];
    const unwatched = this.#hypervisors.unwatched.map(
      (uri) => `the dead-man does not watch ${uri}: without the agent, guests there outlive the lease`,
    );
    return [...removed, ...deadMan, ...(home.hypervisor ? unwatched : []), ...this.#lag.degraded];
  }

  /** The protocol waits a moment after the start for members that it has not heard. */
  #tellMembers(): void {
    const { members } = this.#keeper;
    if (members === this.#toldMembers) return;
    this.#toldMembers = members;
    this.#loop.handle({ kind: "members", hosts: fleetHosts(members) });
  }

  #ownFacts(): HostFactsNotice {
    const reachable = this.#guests.isUp;
    return ownFacts({
      config: this.#loop.standing().config,
      policyDigest: this.#policy.inForce.digest,
      policyProblem: this.#policy.problem,
      degraded: this.#degraded(),
      hypervisors: this.#hypervisors.types.map((type) => ({ type, reachable })),
      peers: this.#parts.network.members(),
    });
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms));
  }

  #lookAtDeadMan(): void {
    const event = this.#deadMan.look(() => this.#parts.clock.now());
    if (event !== undefined) this.#loop.handle(event);
    const condition = {
      leased: this.#loop.standing().leaseRemainingMs > 0,
      deadMan: this.#deadMan.sign,
      hypervisorProblem: this.#guests.problem,
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
    const { fenceMs } = this.#loop.standing().config.profile;
    const stallMs = this.#lag.tick(clock.now(), fenceMs / 4);
    if (stallMs !== undefined) {
      const text = `this agent stood still for ${Math.round(stallMs)} ms`;
      journal.write({ level: "warning", code: "AGENT_STALLED", text });
    }
    this.#facts.retain(new Set(this.#keeper.members.members.map(({ hostId }) => hostId)));
    this.#facts.tick(clock.now());
    this.#guests.tick();
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
