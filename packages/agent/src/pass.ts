import { type EnvironmentPromise, type GuestType, hypervisorOf, type Ownership } from "@berth/model";
import { checkPlan, neededXml, type OwnershipMap, type PromisePlan, planInTurns, type XmlTexts } from "@berth/planner";
import type { BerthConfig } from "./config/berth-config.ts";
import type { ConnectionCaches } from "./connection-caches.ts";
import type { HypervisorConnections } from "./hypervisor-connections.ts";
import { inTurns } from "./in-turns.ts";
import type { PassEvent } from "./pass-event.ts";
import type { FailureReport, HypervisorReport, PromiseReport } from "./pass-report.ts";
import { failureOf, performPlan } from "./plan-execution.ts";
import { plannerSettings } from "./planner-settings.ts";
import type { Hypervisor, LookOptions, XmlAnswers } from "./ports/hypervisor.ts";
import { reportItem, reportUnplanned } from "./promise-outcome.ts";

/** What a pass works with; the caches outlive it. */
export interface PassComponents {
  readonly config: BerthConfig;
  readonly connections: HypervisorConnections;
  readonly caches: ConnectionCaches;
}

/** How a pass goes about it. */
export interface PassInit {
  readonly dryRun: boolean;
  readonly explain: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent: (event: PassEvent) => void;
  /** Whose the guests are. @default one host and no peers: it owns whatever its classes match */
  readonly ownership?: (promises: readonly EnvironmentPromise[]) => OwnershipMap;
  /** @default a look at everything */
  readonly look?: LookOptions;
  /** What of a checked plan is left to this pass, where something else does the rest. @default everything */
  readonly restrict?: (item: PromisePlan) => PromisePlan;
}

/**
 * Brings a set of promises that do not depend on each other to their states, one hypervisor connection beside the
 * other: observe, fetch what the planner needs, plan, check the plan, perform it, report.
 */
export class Pass {
  readonly hypervisors: HypervisorReport[] = [];
  readonly #components: PassComponents;
  readonly #init: PassInit;

  constructor(components: PassComponents, init: PassInit) {
    this.#components = components;
    this.#init = init;
  }

  async run(promises: readonly EnvironmentPromise[]): Promise<ReadonlyMap<EnvironmentPromise, PromiseReport>> {
    const reports = new Map<EnvironmentPromise, PromiseReport>();
    const groups = Map.groupBy(promises, ({ type }) => hypervisorOf(type));
    const byUri = Map.groupBy([...groups], ([type]) => this.#uriOrType(type));
    await Promise.all(
      [...byUri.values()].map(async (typed) => {
        const types = typed.map(([type]) => type);
        const all = typed.flatMap(([, ofType]) => ofType);
        for (const [promise, report] of await this.#runGroup(types, all)) {
          reports.set(promise, report);
          this.#init.onEvent({ kind: "promise-ended", report });
        }
      }),
    );
    return reports;
  }

  /** Types with one URI are planned together, since they share one set of names. */
  #uriOrType(type: GuestType): string {
    try {
      return this.#components.connections.uriOf(type);
    } catch {
      return type;
    }
  }

  async #runGroup(
    types: readonly GuestType[],
    promises: readonly EnvironmentPromise[],
  ): Promise<readonly (readonly [EnvironmentPromise, PromiseReport])[]> {
    let uri: string | undefined;
    try {
      uri = this.#components.connections.uriOf(types[0] ?? "test");
      const hypervisor = await this.#components.connections.get(uri);
      this.#noteHypervisors(types, uri);
      return await this.#converge(hypervisor, promises);
    } catch (error) {
      const failure = failureOf(error);
      this.#noteHypervisors(types, uri, failure);
      return promises.map((promise) => [promise, reportUnplanned(promise, "failed", failure.message, failure)]);
    }
  }

  /** Once for each type, however many rounds a pass has; a failure always. */
  #noteHypervisors(types: readonly GuestType[], uri: string | undefined, error?: FailureReport): void {
    for (const type of types) {
      if (error === undefined && this.hypervisors.some((report) => report.type === type)) continue;
      const report = {
        type,
        ...(uri !== undefined && { uri }),
        reachable: error === undefined,
        ...(error !== undefined && { error }),
      };
      this.hypervisors.push(report);
      this.#init.onEvent({ kind: "hypervisor", report });
    }
  }

  async #converge(
    hypervisor: Hypervisor,
    promises: readonly EnvironmentPromise[],
  ): Promise<readonly (readonly [EnvironmentPromise, PromiseReport])[]> {
    const { planned, violations } = await this.#plan(hypervisor, promises);
    const willPerform = !this.#init.dryRun && violations.length === 0;
    const { restrict = (item: PromisePlan) => item } = this.#init;
    const items = planned.items.map(restrict);
    const performable = { items: items.filter((item) => item.withheld === undefined) };
    const results = willPerform
      ? await performPlan(performable, hypervisor, {
          ...(this.#init.signal !== undefined && { signal: this.#init.signal }),
          onStep: (name, step, report) => this.#init.onEvent({ kind: "step", name, step, ...(report && { report }) }),
        })
      : new Map();
    return items.map((item) => {
      const result = results.get(item);
      const violation =
        item.steps.length === 0
          ? undefined
          : (violations.find(({ name }) => name === item.promise.name) ?? violations[0]);
      return [
        item.promise,
        reportItem({
          item,
          ...(result !== undefined && { result }),
          ...(violation !== undefined && { violation }),
          explain: this.#init.explain,
        }),
      ] as const;
    });
  }

  async #plan(hypervisor: Hypervisor, promises: readonly EnvironmentPromise[]) {
    const observation = await hypervisor.observe(this.#init.look);
    const ownership = (this.#init.ownership ?? soleOwnership)(promises);
    const settings = plannerSettings(this.#components.config);
    const needed = neededXml({ promises, ownership, observation, settings });
    const [inactive, active, networksInactive, networksActive, existingVolumes, capabilitiesXml] = await Promise.all([
      hypervisor.domainXml(needed.domains.inactive, "inactive"),
      hypervisor.domainXml(needed.domains.active, "active"),
      hypervisor.networkXml(needed.networks.inactive, "inactive"),
      hypervisor.networkXml(needed.networks.active, "active"),
      hypervisor.existingVolumes(needed.volumes),
      needed.capabilities ? hypervisor.capabilitiesXml() : undefined,
    ]);
    const work = planInTurns({
      promises,
      ownership,
      observation,
      xml: {
        domains: xmlTexts(inactive, active),
        networks: xmlTexts(networksInactive, networksActive),
        existingVolumes,
      },
      ...(capabilitiesXml !== undefined && { capabilitiesXml }),
      settings,
      cache: this.#components.caches.of(hypervisor.uri),
    });
    const planned = await inTurns(work);
    return { planned, violations: checkPlan(planned, { ownership, promises, observation }) };
  }
}

/** One host and no peers: it owns whatever its classes match. */
function soleOwnership(promises: readonly EnvironmentPromise[]): ReadonlyMap<string, Ownership> {
  return new Map(promises.filter(({ kind }) => kind === "guest").map(({ name }) => [name, { kind: "sole" }]));
}

/** Both views of what was asked for; a refusal of either one is enough not to plan with half of the knowledge. */
function xmlTexts(inactive: XmlAnswers, active: XmlAnswers): XmlTexts {
  return {
    inactive: inactive.texts,
    active: active.texts,
    refused: new Map([...active.refused, ...inactive.refused]),
  };
}
