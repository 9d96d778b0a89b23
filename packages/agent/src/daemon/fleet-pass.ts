/**
 * The planner's part in a fleet: networks, disks, definitions, pending changes, undefine. Power is the protocol's, so every
 * step that starts, stops, suspends or resumes is left out of what is performed; the plan is checked as a whole before.
 */
import { join } from "node:path";
import type { GuestId, GuestView, HostView } from "@berth/claims";
import { type EnvironmentPromise, hypervisorOf, type Outcome, type Ownership } from "@berth/model";
import type { PromisePlan, Step } from "@berth/planner";
import { AgentError } from "../agent-error.ts";
import type { BerthConfig } from "../config/berth-config.ts";
import { ConnectionCaches } from "../connection-caches.ts";
import type { HypervisorConnections } from "../hypervisor-connections.ts";
import { Pass } from "../pass.ts";
import type { PassReport, PromiseReport } from "../pass-report.ts";
import { PromiseLocks } from "../promise-locks.ts";
import { PromiseRounds } from "../promise-rounds.ts";
import type { PolicyInForce } from "./running-agent.ts";

/** What a pass of the fleet works with. */
export interface FleetPassComponents {
  readonly config: BerthConfig;
  readonly connections: HypervisorConnections;
  readonly policy: () => PolicyInForce;
  readonly view: () => HostView;
  readonly isOwned: (guest: GuestId) => boolean;
}

/** Steps that change whether a guest executes. */
const powerSteps: ReadonlySet<Step["kind"]> = new Set([
  "start-domain",
  "resume-domain",
  "wake-domain",
  "suspend-domain",
  "shutdown-domain",
  "destroy-domain",
]);

interface PreparedBatch {
  readonly guests: Set<GuestId>;
  readonly reports: Promise<ReadonlyMap<GuestId, PromiseReport>>;
}

/** Passes of one agent's life. */
export class FleetPass {
  readonly #parts: FleetPassComponents;
  readonly #locks: PromiseLocks;
  readonly #caches = new ConnectionCaches();
  /** Of their own: a plan for a few guests would forget what is remembered of all the others. */
  readonly #preparedCaches = new ConnectionCaches();
  #waiting: PreparedBatch | undefined;
  #preparing: Promise<void> = Promise.resolve();

  constructor(components: FleetPassComponents) {
    const path = join(components.config.stateDir, "promise-locks.json");
    this.#parts = components;
    this.#locks = new PromiseLocks(path, () => Math.floor(Date.now() / 1000));
  }

  /** Everything that policy promises; failures are in the report. */
  async run(): Promise<PassReport> {
    const policy = this.#parts.policy();
    const startedAt = new Date();
    const began = performance.now();
    const view = this.#parts.view();
    const views = new Map(view.guests.map((guest) => [guest.guest, guest]));
    const pass = this.#pass(this.#caches, (name) => ownershipOf(views.get(name), view.leaseRemainingMs));
    const rounds = new PromiseRounds(pass, this.#locks);
    await rounds.run(policy.promises);
    const promises = rounds.reports.map((report) => withReason(report, views.get(report.name)));
    return {
      startedAt: startedAt.toISOString(),
      durationSeconds: (performance.now() - began) / 1000,
      dryRun: false,
      interrupted: false,
      diagnostics: policy.diagnostics,
      reports: [],
      promises,
      hypervisors: pass.hypervisors,
      counts: countOutcomes(promises),
    };
  }

  /**
   * Makes sure that everything is there which the start of a guest needs. Guests that ask while others are being prepared
   * are prepared together afterwards. @throws AgentError OPERATION_FAILED with the reason
   */
  async prepare(guest: GuestId): Promise<void> {
    this.#waiting ??= this.#nextBatch();
    const { guests, reports } = this.#waiting;
    guests.add(guest);
    const report = (await reports).get(guest);
    if (report === undefined || (report.outcome !== "failed" && report.outcome !== "denied")) return;
    throw new AgentError("OPERATION_FAILED", report.reason);
  }

  /** A batch takes guests until the one before it is through. */
  #nextBatch(): PreparedBatch {
    const guests = new Set<GuestId>();
    const reports = this.#preparing.then(async () => {
      this.#waiting = undefined;
      return this.#prepareAll(guests);
    });
    this.#preparing = reports.then(
      () => undefined,
      () => undefined,
    );
    return { guests, reports };
  }

  /** Only what the guests need: themselves, and the networks of their hypervisors. */
  async #prepareAll(guests: ReadonlySet<GuestId>): Promise<ReadonlyMap<GuestId, PromiseReport>> {
    const { promises } = this.#parts.policy();
    const wanted = promises.filter(({ kind, name }) => kind === "guest" && guests.has(name));
    const types = new Set(wanted.map(({ type }) => hypervisorOf(type)));
    const networks = promises.filter(({ kind, type }) => kind === "network" && types.has(hypervisorOf(type)));
    const pass = this.#pass(this.#preparedCaches, (name) =>
      guests.has(name) ? { kind: "holds", epoch: 0, validUntilMs: 0 } : { kind: "elsewhere", reason: "not asked for" },
    );
    const reports = await pass.run([...networks, ...wanted]);
    return new Map([...reports.values()].filter(({ kind }) => kind === "guest").map((report) => [report.name, report]));
  }

  #pass(caches: ConnectionCaches, ownership: (guest: GuestId) => Ownership): Pass {
    const { config, connections } = this.#parts;
    return new Pass(
      { config, connections, caches },
      {
        dryRun: false,
        explain: false,
        onEvent: () => {},
        look: { unasked: true },
        ownership: (promises) => new Map(promises.filter(isGuest).map(({ name }) => [name, ownership(name)])),
        restrict: (item) => this.#withoutPower(item),
      },
    );
  }

  /** A guest is undefined only where it is off already, and where the protocol has let go of it. */
  #withoutPower(item: PromisePlan): PromisePlan {
    if (item.promise.kind === "network") return item;
    const isOff = item.steps.every(({ kind }) => !powerSteps.has(kind));
    const mayUndefine = isOff && !this.#parts.isOwned(item.promise.name);
    const steps = item.steps.filter(({ kind }) => !powerSteps.has(kind) && (kind !== "undefine-domain" || mayUndefine));
    return steps.length === item.steps.length ? item : { ...item, steps };
  }
}

function isGuest({ kind }: EnvironmentPromise): boolean {
  return kind === "guest";
}

/** What the protocol says of a guest, in the planner's words. */
function ownershipOf(known: GuestView | undefined, leaseRemainingMs: number): Ownership {
  if (known === undefined) return { kind: "elsewhere", reason: "nothing is known of its claim yet" };
  const { claim, owned, reason } = known;
  if (owned) return { kind: "holds", epoch: claim?.epoch ?? 0, validUntilMs: leaseRemainingMs };
  const owner = claim?.owner ?? undefined;
  return { kind: "elsewhere", reason, ...(owner === undefined ? {} : { owner }) };
}

/** An outcome that says nothing by itself gets the protocol's sentence: why the guest is here, or is not. */
function withReason(report: PromiseReport, view: GuestView | undefined): PromiseReport {
  const needsNone = report.kind === "network" || report.reason !== "" || view === undefined;
  return needsNone ? report : { ...report, reason: view.reason };
}

function countOutcomes(reports: readonly PromiseReport[]): Record<Outcome, number> {
  const counts = { kept: 0, repaired: 0, failed: 0, denied: 0, skipped: 0 };
  for (const { outcome } of reports) counts[outcome] += 1;
  return counts;
}
