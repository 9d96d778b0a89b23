/**
 * The plan for one virtual network. A network belongs to its host, so there is no ownership to ask for. It runs or it
 * does not; where it should run, libvirt also starts it with the host, and where it should not, it must not.
 *
 * A network that runs is never restarted for a difference: its guests would lose it, and would not get it back before
 * they are restarted themselves. The definition is changed, and the change waits until the network next starts.
 */
import {
  type ComparisonCache,
  type Difference,
  meaningfulDifferences,
  mergeDefinition,
  parseXml,
  writeXml,
  type XmlElement,
} from "@berth/domain-xml";
import type { NetworkPromise, ObservedNetwork } from "@berth/model";
import { describeDifference } from "./difference-text.ts";
import { notTold, specRoot, uuidFailure } from "./guest-comparison.ts";
import type { FetchedXml, Goal, PendingChange, PlanFailure, PromisePlan } from "./plan-types.ts";
import type { NetworkStep } from "./step.ts";

/** What is the same for all networks of one plan. */
export interface NetworkContext {
  readonly networks: ReadonlyMap<string, ObservedNetwork>;
  readonly xml: FetchedXml;
  readonly cache: ComparisonCache | undefined;
}

/** What a network's promise comes to on this host. */
export interface NetworkIntent {
  readonly promise: NetworkPromise;
  readonly goal: Extract<Goal, "active" | "inactive" | "deleted">;
  readonly here: string;
}

/** What the promise comes to here, by class alone. */
export function networkIntent(promise: NetworkPromise): NetworkIntent {
  switch (promise.state) {
    case "delete":
      return { promise, goal: "deleted", here: "deleted" };
    case "down":
    case "suspended":
      return { promise, goal: "inactive", here: "inactive" };
    case "create":
    case "running":
      if (promise.hostHolds) return { promise, goal: "active", here: "active" };
      return { promise, goal: "inactive", here: `inactive, for class ${promise.hostClass} does not hold here` };
  }
}

/** Whether the network's definition is compared with its promise. */
export function comparesNetwork(intent: NetworkIntent): boolean {
  return intent.goal === "active" && intent.promise.resources.spec !== undefined;
}

/** Steps and the rest of one network's plan. */
interface NetworkWork {
  readonly steps: readonly NetworkStep[];
  readonly pending: readonly PendingChange[];
  readonly failure?: PlanFailure;
}

/** The plan of one network: never throws, a network that cannot be planned has a failure and no steps. */
export function planNetwork(intent: NetworkIntent, context: NetworkContext): PromisePlan {
  const { promise } = intent;
  const network = context.networks.get(promise.name);
  const work = networkWork(intent, network, context);
  return {
    promise,
    stage: intent.goal === "active" ? 0 : 3,
    goal: intent.goal,
    here: intent.here,
    from: describeNetwork(network),
    steps: work.steps,
    ...(promise.action.policy === "fix" ? {} : { withheld: promise.action.policy }),
    pending: work.pending,
    ...(work.failure === undefined ? {} : { failure: work.failure }),
    outcomeWithoutSteps: work.failure === undefined ? "kept" : "failed",
    warnings: [],
  };
}

function describeNetwork(network: ObservedNetwork | undefined): string {
  if (network === undefined) return "absent";
  if (!network.persistent) return "active (transient)";
  return network.active ? "active" : "inactive";
}

function networkWork(
  intent: NetworkIntent,
  network: ObservedNetwork | undefined,
  context: NetworkContext,
): NetworkWork {
  if (intent.promise.state === "suspended") {
    const message = `A network cannot be suspended; ${intent.promise.name} can be running or down.`;
    return failed({ code: "NETWORK_CANNOT_BE_SUSPENDED", message });
  }
  const foreign = network === undefined ? undefined : identityFailure(intent, network);
  if (foreign !== undefined) return failed(foreign);
  switch (intent.goal) {
    case "active":
      return network === undefined ? newNetwork(intent) : activeNetwork(intent, network, context);
    case "inactive":
      return network === undefined ? failed(undefined) : inactiveNetwork(intent, network, context);
    case "deleted":
      return network === undefined ? failed(undefined) : deletedNetwork(network);
  }
}

/** Nothing to do, or nothing that can be done. */
function failed(failure: PlanFailure | undefined): NetworkWork {
  return { steps: [], pending: [], ...(failure === undefined ? {} : { failure }) };
}

function identityFailure(intent: NetworkIntent, network: ObservedNetwork): PlanFailure | undefined {
  const spec = intent.promise.resources.spec;
  if (spec === undefined || !spec.xml.includes("<uuid")) return undefined;
  const wanted = specRoot(intent.promise);
  return "code" in wanted ? wanted : uuidFailure(wanted, intent.promise.name, network.uuid);
}

function newNetwork(intent: NetworkIntent): NetworkWork {
  const { name, resources } = intent.promise;
  if (resources.spec === undefined) {
    const message = `Network ${name} is not there, and its promise has no definition. State env_spec.`;
    return failed({ code: "NO_DEFINITION", message });
  }
  const wanted = specRoot(intent.promise);
  if ("code" in wanted) return failed(wanted);
  return {
    steps: [define(name, writeXml(wanted), "it is not there"), autostart(name, true), start(name)],
    pending: [],
  };
}

function activeNetwork(intent: NetworkIntent, network: ObservedNetwork, context: NetworkContext): NetworkWork {
  const compared = comparesNetwork(intent) ? compare(intent.promise, context) : undefined;
  if (compared !== undefined && "code" in compared) return failed(compared);
  const { name } = network;
  const steps: NetworkStep[] = [];
  if (compared !== undefined && compared.mergedXml !== "") {
    const reason = compared.differences.map(describeDifference).join("; ");
    steps.push(define(name, compared.mergedXml, reason, network.active ? "network cut" : "live"));
  } else if (!network.persistent) {
    const kept = keepTransient(name, context);
    if ("code" in kept) return failed(kept);
    steps.push(kept);
  }
  if (!network.autostart) steps.push(autostart(name, true));
  if (!network.active) steps.push(start(name));
  const pending = network.active && compared !== undefined ? compared.running.map(pendingChange) : [];
  return { steps, pending };
}

function pendingChange(difference: Difference): PendingChange {
  return { what: describeDifference(difference), why: "guests on the network would lose it", tag: "network cut" };
}

function inactiveNetwork(intent: NetworkIntent, network: ObservedNetwork, context: NetworkContext): NetworkWork {
  const { name } = network;
  const steps: NetworkStep[] = [];
  if (!network.persistent) {
    const kept = keepTransient(name, context);
    if ("code" in kept) return failed(kept);
    steps.push(kept);
  }
  if (network.autostart) steps.push(autostart(name, false));
  const why =
    intent.promise.hostHolds || intent.promise.state === "down"
      ? "it is promised to be down"
      : "it is not promised here";
  if (network.active) steps.push({ kind: "stop-network", network: name, tag: "network cut", reason: why });
  return { steps, pending: [] };
}

function deletedNetwork(observed: ObservedNetwork): NetworkWork {
  const network = observed.name;
  const reason = "it is promised to be deleted";
  const steps: NetworkStep[] = [];
  if (observed.active) steps.push({ kind: "stop-network", network, tag: "network cut", reason });
  if (observed.persistent) steps.push({ kind: "undefine-network", network, tag: "live", reason });
  return { steps, pending: [] };
}

/** The differences of a network, from what the next start uses and from what runs. */
interface NetworkComparison {
  readonly differences: readonly Difference[];
  readonly mergedXml: string;
  readonly running: readonly Difference[];
}

function compare(promise: NetworkPromise, context: NetworkContext): NetworkComparison | PlanFailure {
  const { name } = promise;
  const inactive = context.xml.networks.inactive.get(name);
  if (inactive === undefined || context.xml.networks.refused?.has(name)) return notFetched(name, context);
  const active = context.xml.networks.active.get(name) ?? "";
  const compute = () => compareTexts(promise, inactive, active);
  if (context.cache === undefined) return compute();
  const { spec } = promise.resources;
  return context.cache.remember(`network ${name}`, [spec?.problem ?? spec?.xml ?? "", inactive, active], compute);
}

function compareTexts(promise: NetworkPromise, inactive: string, active: string): NetworkComparison | PlanFailure {
  const wanted = specRoot(promise);
  if ("code" in wanted) return wanted;
  const observed = parseXml(inactive);
  const now = active === "" ? observed : parseXml(active);
  if (!observed.ok || !now.ok) {
    return { code: "OBSERVED_XML_INVALID", message: `libvirt's definition of network ${promise.name} cannot be read.` };
  }
  const differences = differencesOf(wanted, observed.root, "inactive");
  return {
    differences,
    mergedXml: differences.length === 0 ? "" : writeXml(mergeDefinition("network", wanted, observed.root, true)),
    running: active === "" ? [] : differencesOf(wanted, now.root, "active"),
  };
}

function differencesOf(wanted: XmlElement, observed: XmlElement, view: "inactive" | "active"): readonly Difference[] {
  return meaningfulDifferences("network", wanted, observed, { view, complete: true });
}

function notFetched(name: string, context: NetworkContext): PlanFailure {
  const refused = context.xml.networks.refused?.get(name);
  if (refused !== undefined) return notTold(`network ${name}`, refused);
  const message = `The definition of network ${name} could not be fetched: it changed while it was looked at.`;
  return { code: "XML_NOT_FETCHED", message };
}

function keepTransient(name: string, context: NetworkContext): NetworkStep | PlanFailure {
  const xml = context.xml.networks.inactive.get(name);
  return xml === undefined
    ? notFetched(name, context)
    : define(name, xml, "it is transient and would vanish when it stops");
}

function define(network: string, xml: string, reason: string, tag: NetworkStep["tag"] = "live"): NetworkStep {
  return { kind: "define-network", network, xml, tag, reason };
}

function autostart(network: string, on: boolean): NetworkStep {
  const reason = on ? "it is promised to run, also after the host starts" : "it is not to run after the host starts";
  return { kind: "set-network-autostart", network, autostart: on, tag: "live", reason };
}

function start(network: string): NetworkStep {
  return { kind: "start-network", network, tag: "live", reason: "it is promised to run" };
}
