import type { Act, Host, OperatorCommand } from "@berth/claims";
import { formatPosition, type GuestPromise, hypervisorOf } from "@berth/model";
import { reasonOf } from "../agent-error.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { BerthConfig } from "../config/berth-config.ts";
import type { FleetHome, MemberDocument } from "../fleet/member-document.ts";
import type { HypervisorOpener } from "../hypervisor-connections.ts";
import type { PassReport } from "../pass-report.ts";
import type { DeadManLink } from "../ports/dead-man-link.ts";
import type { HostClock } from "../ports/host-clock.ts";
import type { PeerNetwork } from "../ports/peer-network.ts";
import type { RecordStore } from "../ports/record-store.ts";
import { agentSnapshot } from "./agent-snapshot.ts";
import { DeadManWatch } from "./dead-man-watch.ts";
import { FleetPass } from "./fleet-pass.ts";
import { guestMeans } from "./guest-means.ts";
import { HostGuests } from "./host-guests.ts";
import { HostHypervisors } from "./host-hypervisors.ts";
import type { Journal } from "./journal.ts";
import { PolicyKeeper } from "./policy-keeper.ts";
import { promisedGuests } from "./promised-guests.ts";
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
  readonly link: DeadManLink;
  readonly network: PeerNetwork;
  readonly journal: Journal;
  readonly bootId: string;
  readonly nonce: string;
  readonly openHypervisor?: HypervisorOpener;
}

/** How often the dead-man's heartbeat is read. @default 250 ms: twice in what the protocol grants it */
const heartbeatMs = 250;
/** How often the policy's files are looked at: a change is in force after the second look that finds it at rest. */
const policyLookMs = 500;
/** A stop waits this long for acts that have begun; what takes longer ends without us. */
const farewellMs = 1_000;

/** One life of an agent; see `start-agent.ts` for where its parts come from. */
export class Agent implements RunningAgent {
  readonly #parts: AgentComponents;
  readonly #policy: PolicyKeeper;
  readonly #loop: ProtocolLoop;
  readonly #hypervisors: HostHypervisors;
  readonly #guests: HostGuests;
  readonly #passes: FleetPass;
  readonly #deadMan: DeadManWatch;
  readonly #ended = Promise.withResolvers<void>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #startedMs: number;
  #promises: ReadonlyMap<string, GuestPromise> = new Map();
  #toldPolicy = "";
  #members: MemberDocument;
  #draining = false;
  #lastPass: PassReport | undefined;
  #passing: Promise<void> | undefined;
  #passAgain = false;
  #passTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(components: AgentComponents) {
    const { config, agent, home, machine, clock, store, link, network, journal, openHypervisor } = components;
    this.#parts = components;
    this.#members = home.members;
    this.#startedMs = clock.now().bootMs;
    this.#policy = new PolicyKeeper({ config });
    this.#deadMan = new DeadManWatch({ link });
    this.#loop = new ProtocolLoop(
      { machine, clock, store, link, network },
      {
        act: (act) => this.#act(act),
        note: (note) => journal.write(note),
        stored: () => {},
        failed: (error) => this.#failed(error),
      },
    );
    this.#hypervisors = new HostHypervisors(
      { config, ...(openHypervisor === undefined ? {} : { openHypervisor }) },
      (_uri, event) => this.#guests.lifecycle(event),
    );
    this.#passes = new FleetPass({
      config,
      connections: this.#hypervisors.connections,
      locks: undefined,
      policy: () => this.#policy.inForce,
      view: () => this.#loop.view(),
    });
    this.#guests = new HostGuests(
      {
        hypervisors: this.#hypervisors,
        clock,
        typeOf: (guest) => this.#promises.get(guest)?.type,
        prepare: (guest) => this.#passes.prepare(guest),
      },
      { shutdownTimeoutMs: config.shutdownTimeoutMs, weight: agent.weight, embedded: config.embedded },
      {
        event: (event) => this.#loop.handle(event),
        meansChanged: () => this.#tellPolicy(),
        lifecycle: () => {},
      },
    );
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Begins the life. Returns once the protocol runs; hypervisors, peers and policy come as they can. */
  async start(): Promise<void> {
    const { home, store, link, network, bootId, nonce, clock } = this.#parts;
    const feed = link.readFeed();
    const durable = store.load();
    this.#draining = durable.some(({ kind }) => kind === "draining");
    network.onMessage((from, message) => this.#loop.handle({ kind: "message", from, message }));
    network.onPeerUp(({ host }) => this.#loop.handle({ kind: "peer-connected", host }));
    const base = { kind: "start", durable, bootId, config: home.founding, nonce } as const;
    this.#loop.start(feed === undefined ? base : { ...base, feed });
    await network.start();
    await this.reload();
    if (home.hypervisor) this.#guests.start();
    this.#every(heartbeatMs, () => this.#lookAtDeadMan(clock));
    this.#every(policyLookMs, () => {
      if (this.#policy.hasChanged()) void this.reload();
    });
  }

  snapshot(): AgentSnapshot {
    return agentSnapshot({
      home: this.#parts.home,
      clock: this.#parts.clock,
      machine: this.#parts.machine,
      network: this.#parts.network,
      policy: this.#policy.inForce,
      deadMan: this.#deadMan,
      guests: this.#guests,
      members: this.#members,
      facts: new Map(),
      lastPass: this.#lastPass,
      draining: this.#draining,
      startedMs: this.#startedMs,
      degraded: this.#degraded(),
    });
  }

  operate(command: OperatorCommand): void {
    if (command.kind === "drain" || command.kind === "undrain") this.#draining = command.kind === "drain";
    this.#loop.handle({ kind: "operator", command });
  }

  async reload(): Promise<PolicyInForce> {
    const before = this.#policy.inForce;
    const inForce = await this.#policy.load();
    if (inForce !== before) {
      this.#notePolicy(before, inForce);
      this.#tellPolicy();
      this.#pass();
    }
    return inForce;
  }

  events(sinceId = 0): readonly AgentEvent[] {
    return this.#parts.journal.since(sinceId);
  }

  onEvent(listener: (event: AgentEvent) => void): () => void {
    return this.#parts.journal.listen(listener);
  }

  hook(_guest: string, _operation: string): HookVerdict {
    return { kind: "allowed" };
  }

  adoptMembers(document: MemberDocument): void {
    this.#members = document;
    this.#parts.network.replaceMembers(document.members);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return this.#ended.promise.catch(() => {});
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#passTimer);
    this.#guests.stop();
    await this.#loop.freeze();
    await this.#parts.network.stop();
    await settledWithin(farewellMs, this.#passing, this.#guests.whenActsEnd());
    await settledWithin(farewellMs, this.#hypervisors.close());
    await this.#parts.store.close();
    this.#ended.resolve();
  }

  #degraded(): readonly string[] {
    if (!this.#parts.home.hypervisor) return [];
    return this.#deadMan.degraded(this.#loop.view().config.profile.watchdogMs);
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms));
  }

  #act(act: Act): void {
    this.#guests.act(act);
  }

  #lookAtDeadMan(clock: HostClock): void {
    const event = this.#deadMan.look(clock.now());
    if (event !== undefined) this.#loop.handle(event);
  }

  /** Tells the protocol what is promised, when that has changed. Nothing is told while no policy was ever good. */
  #tellPolicy(): void {
    const { config, agent, home } = this.#parts;
    const { promises, generation } = this.#policy.inForce;
    if (generation === 0) return;
    const guestPromises = promises.filter((promise): promise is GuestPromise => promise.kind === "guest");
    this.#promises = new Map(guestPromises.map((promise) => [promise.name, promise]));
    this.#hypervisors.use(promises.filter(({ hostHolds }) => hostHolds).map(({ type }) => hypervisorOf(type)));
    const context = {
      hypervisorUp: home.hypervisor && this.#guests.isUp,
      domains: this.#guests.domains,
      travelled: () => undefined,
      identitySeed: config.identitySeed,
    };
    const { guests, diagnostics } = promisedGuests(promises, agent, (promise) => guestMeans(promise, context));
    this.#policy.noteRules(diagnostics);
    const text = JSON.stringify(guests);
    if (text === this.#toldPolicy) return;
    this.#toldPolicy = text;
    this.#loop.handle({ kind: "policy", guests });
  }

  #notePolicy(before: PolicyInForce, { bad, generation, digest, diagnostics }: PolicyInForce): void {
    const { journal } = this.#parts;
    if (bad) {
      const first = diagnostics.find(({ severity }) => severity === "error");
      const where = first === undefined ? "" : `${formatPosition(first.position)}: ${first.message}`;
      const rest = generation === 0 ? "nothing is promised" : "the last good policy stays in force";
      journal.write({ level: "warning", code: "POLICY_BAD", text: `the policy is bad, ${rest}: ${where}` });
    } else if (digest !== before.digest) {
      journal.write({ level: "info", code: "POLICY_IN_FORCE", text: `policy ${digest.slice(0, 12)} is in force` });
    }
  }

  /** One pass at a time; asked for during one, another follows. */
  #pass(): void {
    if (this.#stopped || !this.#parts.home.hypervisor) return;
    clearTimeout(this.#passTimer);
    if (this.#passing !== undefined) {
      this.#passAgain = true;
      return;
    }
    this.#passAgain = false;
    this.#passing = this.#runPass().finally(() => {
      this.#passing = undefined;
      if (this.#stopped) return;
      if (this.#passAgain) this.#pass();
      else this.#passTimer = setTimeout(() => this.#pass(), this.#parts.agent.passPeriodSeconds * 1000);
    });
  }

  async #runPass(): Promise<void> {
    try {
      await this.reload();
      if (this.#policy.inForce.generation > 0) this.#lastPass = await this.#passes.run();
    } catch (error) {
      // A state folder that cannot be used, or a bug: the protocol goes on, and the next pass tries again.
      this.#parts.journal.write({ level: "warning", code: "PASS_FAILED", text: reasonOf(error) });
    }
  }

  #failed(error: unknown): void {
    const { journal } = this.#parts;
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
