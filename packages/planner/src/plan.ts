/**
 * All promises of one hypervisor connection become one plan.
 *
 * Pure: the same input gives the same plan, and nothing is done. What the planner wants to see is asked for beforehand
 * by {@link neededXml}, which reads the same intents, so the two cannot disagree on what will be compared.
 */
import { type HostCapabilities, parseCapabilities } from "@berth/domain-xml";
import { type EnvironmentPromise, formatPosition, isActive, type NetworkPromise, type Observation } from "@berth/model";
import { canBeBuilt, comparesDefinition, guestIntent, volumePath } from "./guest-intent.ts";
import { type GuestContext, planGuest } from "./guest-plan.ts";
import { comparesNetwork, networkIntent, planNetwork } from "./network-plan.ts";
import type {
  NeededXml,
  OwnershipMap,
  Plan,
  PlanFailure,
  PlanInput,
  PlannerSettings,
  PromisePlan,
} from "./plan-types.ts";

/** What to fetch before {@link plan} is called with the same promises, ownership, observation and settings. */
export function neededXml(input: {
  readonly promises: readonly EnvironmentPromise[];
  readonly ownership: OwnershipMap;
  readonly observation: Observation;
  readonly settings: PlannerSettings;
}): NeededXml {
  const domains = new Map(input.observation.domains.map((domain) => [domain.name, domain]));
  const networks = new Map(input.observation.networks.map((network) => [network.name, network]));
  const needed = new NeededNames();
  for (const promise of input.promises) {
    if (promise.kind === "network") {
      const network = networks.get(promise.name);
      const intent = networkIntent(promise);
      if (network === undefined || intent.goal === "deleted") continue;
      const compares = comparesNetwork(intent);
      if (compares || !network.persistent) needed.networksInactive.add(promise.name);
      if (compares && network.active) needed.networksActive.add(promise.name);
      continue;
    }
    const intent = guestIntent(promise, input.ownership, input.settings);
    const domain = domains.get(promise.name);
    const compares = comparesDefinition(intent);
    const volume = compares ? volumePath(promise, input.settings) : undefined;
    if (volume !== undefined) needed.volumes.add(volume);
    if (domain === undefined) {
      const starts = intent.mayRun && (intent.goal === "running" || intent.goal === "suspended");
      needed.capabilities ||= starts && canBeBuilt(promise);
    } else if (intent.goal !== "deleted") {
      if (compares || !domain.persistent) needed.domainsInactive.add(promise.name);
      const isOrWasActive = isActive(domain.state);
      if (compares && isOrWasActive && intent.goal !== "down") needed.domainsActive.add(promise.name);
    }
  }
  return needed.result();
}

class NeededNames {
  readonly domainsInactive = new Set<string>();
  readonly domainsActive = new Set<string>();
  readonly networksInactive = new Set<string>();
  readonly networksActive = new Set<string>();
  readonly volumes = new Set<string>();
  capabilities = false;

  result(): NeededXml {
    return {
      domains: { inactive: [...this.domainsInactive], active: [...this.domainsActive] },
      networks: { inactive: [...this.networksInactive], active: [...this.networksActive] },
      volumes: [...this.volumes],
      capabilities: this.capabilities,
    };
  }
}

/** The plan for all promises, by stage and then in policy order. Never throws. */
export function plan(input: PlanInput): Plan {
  const turns = planInTurns(input);
  for (;;) {
    const turn = turns.next();
    if (turn.done) return turn.value;
  }
}

/**
 * The same plan, with a pause offered after each promise: whoever has something to do that must not wait, such as to renew a
 * lease, does it in between. The plan is of the moment at which its input was taken, however long it takes.
 */
export function* planInTurns(input: PlanInput): Generator<undefined, Plan> {
  const context = guestContext(input);
  const conflicts = conflictingPromises(input.promises);
  const items: PromisePlan[] = [];
  for (const promise of input.promises) {
    const repeated = conflicts.get(promise);
    const item =
      promise.kind === "network"
        ? planNetwork(networkIntent(promise), context)
        : planGuest(guestIntent(promise, input.ownership, input.settings), context);
    items.push(repeated === undefined ? item : withoutSteps(item, repeated));
    yield;
  }
  // Only what is still promised is remembered. Each guest has up to two entries.
  if (input.cache !== undefined && input.cache.size > 2 * input.promises.length + 64) {
    const names = new Set(input.promises.map((promise) => promise.name));
    input.cache.retain((key) => names.has(key.slice(key.indexOf(" ") + 1)));
  }
  return { items: items.sort((left, right) => left.stage - right.stage) };
}

function guestContext(input: PlanInput): GuestContext {
  let capabilities: HostCapabilities | undefined;
  const networkPromises = input.promises.filter((promise): promise is NetworkPromise => promise.kind === "network");
  return {
    domains: new Map(input.observation.domains.map((domain) => [domain.name, domain])),
    namesByUuid: new Map(input.observation.domains.map((domain) => [domain.uuid, domain.name])),
    networks: new Map(input.observation.networks.map((network) => [network.name, network])),
    networkPromises: new Map(networkPromises.map((promise) => [promise.name, promise])),
    xml: input.xml,
    capabilities: () => {
      if (input.capabilitiesXml !== undefined) capabilities ??= parseCapabilities(input.capabilitiesXml);
      return capabilities;
    },
    settings: input.settings,
    cache: input.cache,
  };
}

/** A repeated promise: a failure where the two disagree, `undefined` where they say the same. */
type Repeated = { readonly failure: PlanFailure | undefined };

/** Promises that are about the same guest or network as another. */
function conflictingPromises(promises: readonly EnvironmentPromise[]): ReadonlyMap<EnvironmentPromise, Repeated> {
  const first = new Map<string, EnvironmentPromise>();
  const repeated = new Map<EnvironmentPromise, Repeated>();
  for (const promise of promises) {
    const key = `${promise.kind} ${promise.name}`;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, promise);
    } else if (meaning(earlier) === meaning(promise)) {
      repeated.set(promise, { failure: undefined });
    } else {
      repeated.set(promise, { failure: conflict(promise, earlier) });
      repeated.set(earlier, { failure: conflict(earlier, promise) });
    }
  }
  return repeated;
}

function meaning(promise: EnvironmentPromise): string {
  const { spec, ...resources } = promise.resources;
  const network = promise.kind === "guest" ? promise.interface : undefined;
  return JSON.stringify([promise.state, promise.type, promise.hostHolds, spec?.xml, resources, network]);
}

function conflict(promise: EnvironmentPromise, other: EnvironmentPromise): PlanFailure {
  const message = `Another promise about ${promise.name} says something else, at ${formatPosition(other.position)}. Neither is acted on.`;
  return { code: "CONFLICTING_PROMISES", message };
}

function withoutSteps(item: PromisePlan, repeated: Repeated): PromisePlan {
  const { failure: _own, ...rest } = item;
  const { failure } = repeated;
  if (failure === undefined) return { ...rest, steps: [], pending: [], outcomeWithoutSteps: "kept", warnings: [] };
  return { ...rest, steps: [], pending: [], failure, outcomeWithoutSteps: "failed", warnings: [] };
}
