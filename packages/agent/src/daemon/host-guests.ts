import type { Act, GuestId, HostEvent } from "@berth/claims";
import type { GuestType, Observation, ObservedDomain } from "@berth/model";
import type { ProcessPlaces } from "../dead-man/guest-process.ts";
import type { HostClock } from "../ports/host-clock.ts";
import type { Hypervisor, LifecycleEvent } from "../ports/hypervisor.ts";
import { embeddedLanePlaces } from "./act-lanes.ts";
import { type ActEnd, ActPerformer } from "./act-performer.ts";
import { guestObservations } from "./guest-observations.ts";
import { GuestRuns } from "./guest-runs.ts";
import type { HostHypervisors, HostLook } from "./host-hypervisors.ts";
import { memoryFreeKib, memoryStepKib } from "./memory-free.ts";
import { Observer } from "./observer.ts";
import type { OwnStarts } from "./own-starts.ts";

/** What it works with. */
export interface HostGuestsComponents {
  readonly hypervisors: HostHypervisors;
  readonly clock: HostClock;
  readonly places?: ProcessPlaces;
  /** Type of a promised guest; undefined where nothing is promised of that name. */
  readonly typeOf: (guest: GuestId) => GuestType | undefined;
  readonly prepare: (guest: GuestId) => Promise<void>;
  readonly ownStarts: OwnStarts;
}

/** Settings. */
export interface HostGuestsInit {
  readonly shutdownTimeoutMs: number;
  /** Relative share of guests that this host takes. */
  readonly weight: number;
  /** The memory of guests that run nowhere but in a file says nothing about this machine's. */
  readonly embedded: boolean;
}

/** Who hears. */
export interface HostGuestsListeners {
  readonly event: (event: HostEvent) => void;
  /** The hypervisors came or went: what is promised may now be had, or not. */
  readonly meansChanged: () => void;
  /** They have other definitions than before, which may be so at every look for a while. */
  readonly definitionsChanged: () => void;
  /** All hypervisors answer, for the first time or again. */
  readonly back: () => void;
  readonly lifecycle: (event: LifecycleEvent) => void;
  readonly ended: (act: Act, end: ActEnd) => void;
}

/** Time between two looks when nothing happens. @default 1 s while acts are under way, 5 s else: events tell the rest */
const busyMs = 1_000;
const idleMs = 5_000;

/** The guests of this host: looked at and told to the protocol, and acted upon when it says so. */
export class HostGuests {
  readonly #parts: HostGuestsComponents;
  readonly #init: HostGuestsInit;
  readonly #listeners: HostGuestsListeners;
  readonly #observer: Observer;
  readonly #runs: GuestRuns;
  readonly #performer: ActPerformer;
  readonly #ending = new Set<Promise<void>>();
  #domains: ReadonlyMap<string, ObservedDomain> = new Map();
  #uris: ReadonlyMap<string, string> = new Map();
  #observation: { readonly what: Observation; readonly bootMs: number } | undefined;
  #problem: string | undefined;
  #capacity = "";
  #freeKib = 0;

  constructor(components: HostGuestsComponents, init: HostGuestsInit, listeners: HostGuestsListeners) {
    const { hypervisors, clock, places, prepare, ownStarts } = components;
    this.#parts = components;
    this.#init = init;
    this.#listeners = listeners;
    this.#runs = new GuestRuns({ nowMs: () => performance.now(), ...(places === undefined ? {} : { places }) });
    this.#performer = new ActPerformer({
      clock,
      prepare,
      ownStart: (guest, start) => ownStarts.during(guest, start),
      hypervisorOf: (guest, which) => hypervisors[which](this.#uriOf(guest)),
      retire: (guest, which) => hypervisors.retire(this.#uriOf(guest), which),
      stateOf: (guest) => this.#domains.get(guest)?.state,
      shutdownTimeoutMs: init.shutdownTimeoutMs,
      ...(init.embedded && { lanePlaces: embeddedLanePlaces }),
    });
    this.#observer = new Observer({
      look: () => hypervisors.look(),
      onLook: (look) => this.#looked(look),
      onReach: (problem) => this.#reached(problem),
      idleMs: () => (this.#performer.underWay.size > 0 ? busyMs : idleMs),
    });
  }

  /** Domains by name as they were at the last look. */
  get domains(): ReadonlyMap<string, ObservedDomain> {
    return this.#domains;
  }

  get observation(): { readonly what: Observation; readonly bootMs: number } | undefined {
    return this.#observation;
  }

  /** Why a hypervisor does not answer; undefined while all do, and before the first look. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** All hypervisors answered at the last look. */
  get isUp(): boolean {
    return this.#observation !== undefined && this.#problem === undefined;
  }

  /** Acts under way, with the boot time at which each was ordered. */
  get acts(): ReadonlyMap<Act, number> {
    return this.#performer.underWay;
  }

  /** Resolves when no act is under way. */
  async whenActsEnd(): Promise<void> {
    await Promise.allSettled(this.#ending);
  }

  start(): void {
    this.#observer.request();
  }

  /** The connection of a guest's hypervisor, for what may take its time. @throws AgentError HYPERVISOR_UNREACHABLE */
  hypervisorOf(guest: GuestId): Promise<Hypervisor> {
    return this.#parts.hypervisors.calm(this.#uriOf(guest));
  }

  /** To be called about once a second: a connection that was lost is noticed before the next look is due. */
  tick(): void {
    if (this.isUp && !this.#parts.hypervisors.allAlive) this.#observer.request();
  }

  act(act: Act): void {
    const ending = this.#performer.perform(act).then(({ outcome, reason }) => {
      this.#ending.delete(ending);
      this.#listeners.ended(act, { outcome, ...(reason === undefined ? {} : { reason }) });
      this.#runs.forget(act.guest, act.kind === "destroy" || act.kind === "start-paused");
      this.#observer.actEnded(() =>
        this.#listeners.event({ kind: "act-done", act, outcome, ...(reason === undefined ? {} : { reason }) }),
      );
    });
    this.#ending.add(ending);
  }

  /** To be called for each change that a hypervisor tells of. */
  lifecycle(event: LifecycleEvent): void {
    this.#runs.forget(event.domain, ["stopped", "crashed", "started"].includes(event.change));
    this.#listeners.lifecycle(event);
    this.#observer.request();
  }

  stop(): void {
    this.#observer.stop();
  }

  /** Where the guest is, or where its type says that it belongs. */
  #uriOf(guest: GuestId): string {
    return (
      this.#uris.get(guest) ??
      this.#parts.hypervisors.uriOf(this.#parts.typeOf(guest) ?? this.#parts.hypervisors.types[0] ?? "kvm")
    );
  }

  #looked({ observation, byUri }: HostLook): void {
    const before = this.#domains;
    const first = this.#observation === undefined;
    this.#domains = new Map(observation.domains.map((domain) => [domain.name, domain]));
    this.#uris = new Map([...byUri].flatMap(([uri, { domains }]) => domains.map(({ name }) => [name, uri] as const)));
    this.#observation = { what: observation, bootMs: this.#parts.clock.now().bootMs };
    if (first) this.#listeners.meansChanged();
    else if (!sameDefinitions(before, this.#domains)) this.#listeners.definitionsChanged();
    const guests = guestObservations(observation.domains, (domain) => this.#runs.of(domain));
    this.#runs.retain(new Set(guests.map(({ guest }) => guest)));
    this.#listeners.event({ kind: "observed", guests });
  }

  /** A value that sways about a step is told once. */
  #steadied(freeKib: number): number {
    if (Math.abs(freeKib - this.#freeKib) > memoryStepKib) this.#freeKib = freeKib;
    return this.#freeKib;
  }

  #reached(problem: string | undefined): void {
    const { weight, embedded } = this.#init;
    const changed = (problem === undefined) !== (this.#problem === undefined) || this.#capacity === "";
    this.#problem = problem;
    const hypervisorUp = problem === undefined;
    const free = embedded ? Number.MAX_SAFE_INTEGER : this.#steadied(memoryFreeKib());
    const capacity = `${hypervisorUp} ${free}`;
    if (capacity === this.#capacity) return;
    this.#capacity = capacity;
    this.#listeners.event({ kind: "capacity", weight, memoryFreeKib: free, hypervisorUp });
    if (!changed) return;
    this.#listeners.meansChanged();
    if (hypervisorUp) this.#listeners.back();
  }
}

/** Whether the same guests are defined, under the same UUIDs. */
function sameDefinitions(
  before: ReadonlyMap<string, ObservedDomain>,
  after: ReadonlyMap<string, ObservedDomain>,
): boolean {
  if (before.size !== after.size) return false;
  for (const [name, { uuid, persistent }] of after) {
    const old = before.get(name);
    if (old?.uuid !== uuid || old.persistent !== persistent) return false;
  }
  return true;
}
