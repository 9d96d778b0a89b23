/**
 * The plan for one guest: what it should be here, what it is, and the steps from the one to the other.
 *
 * Order of steps: its definition and disk first, so that nothing starts from an old definition and no transient guest
 * vanishes with its only one; then autostart off, since libvirt would start the guest behind the owner's back; then
 * power; and undefine last. A guest that goes down goes down before its definition is touched: a definition that libvirt
 * refuses must not keep a guest running that should not run.
 */
import {
  buildDomain,
  type ComparisonCache,
  childNamed,
  type HostCapabilities,
  networksOf,
  normalUuid,
  textOf,
  withGuestIdentity,
  writeXml,
  type XmlElement,
} from "@berth/domain-xml";
import type { NetworkPromise, ObservedDomain, ObservedNetwork } from "@berth/model";
import { specRoot, uuidFailure } from "./guest-comparison.ts";
import { type DefinitionWork, definitionWork, missingVolume } from "./guest-definition.ts";
import { canBeBuilt, type GuestIntent, volumePath } from "./guest-intent.ts";
import type { FetchedXml, PlanFailure, PlannerSettings, PromisePlan } from "./plan-types.ts";
import { powerSteps, startsGuest } from "./power-steps.ts";
import { describeStart, type StartState, startState } from "./start-state.ts";
import type { Step } from "./step.ts";

/** What is the same for all guests of one plan. */
export interface GuestContext {
  readonly domains: ReadonlyMap<string, ObservedDomain>;
  /** Name of the domain that has a UUID. */
  readonly namesByUuid: ReadonlyMap<string, string>;
  readonly networks: ReadonlyMap<string, ObservedNetwork>;
  readonly networkPromises: ReadonlyMap<string, NetworkPromise>;
  readonly xml: FetchedXml;
  /** `undefined` where they were not fetched or cannot be read. */
  readonly capabilities: () => HostCapabilities | undefined;
  readonly settings: PlannerSettings;
  readonly cache: ComparisonCache | undefined;
}

/** Steps towards a definition, for a guest that is there or not. */
interface Preparation extends DefinitionWork {
  readonly warnings: readonly string[];
}

/** The plan of one guest: never throws, a guest that cannot be planned has a failure and no steps. */
export function planGuest(intent: GuestIntent, context: GuestContext): PromisePlan {
  const { promise } = intent;
  const domain = context.domains.get(promise.name);
  const start = startState(domain);
  const power = powerSteps(intent, start, context.settings.shutdownTimeoutMs);
  const prepared = prepare(intent, domain, start, power, context);
  const base = {
    promise,
    stage: power.length > 0 && !startsOrResumes(power) ? 1 : 2,
    goal: intent.goal,
    here: intent.here,
    from: describeStart(start),
    ...(promise.action.policy === "fix" ? {} : { withheld: promise.action.policy }),
    pending: prepared.pending,
  } as const;
  if (prepared.failure !== undefined) {
    const { failure } = prepared;
    return { ...base, stage: 2, steps: [], pending: [], failure, outcomeWithoutSteps: "failed", warnings: [] };
  }
  const steps = orderedSteps(intent, start, prepared.steps, power);
  const stage = intent.goal === "deleted" ? 1 : base.stage;
  return { ...base, stage, steps, outcomeWithoutSteps: "kept", warnings: prepared.warnings };
}

function startsOrResumes(steps: readonly Step[]): boolean {
  const last = steps.at(-1)?.kind;
  return last === "start-domain" || last === "resume-domain" || last === "wake-domain";
}

function orderedSteps(
  intent: GuestIntent,
  start: StartState,
  prepared: readonly Step[],
  power: readonly Step[],
): Step[] {
  const domain = intent.promise.name;
  const deletes = intent.goal === "deleted";
  const autostart: Step[] =
    start.autostart && !deletes
      ? [
          {
            kind: "set-domain-autostart",
            domain,
            autostart: false,
            tag: "live",
            reason: "libvirt must not start it by itself",
          },
        ]
      : [];
  const undefine: Step[] =
    deletes && start.power !== "absent" && !start.transient
      ? [{ kind: "undefine-domain", domain, tag: "live", reason: "it is promised to be deleted; its disks stay" }]
      : [];
  const stopsFirst = intent.goal === "down" && !start.transient;
  return stopsFirst ? [...autostart, ...power, ...prepared] : [...prepared, ...autostart, ...power, ...undefine];
}

function prepare(
  intent: GuestIntent,
  domain: ObservedDomain | undefined,
  start: StartState,
  power: readonly Step[],
  context: GuestContext,
): Preparation {
  const wrongName = nameFailure(intent.promise.name);
  if (wrongName !== undefined) return { steps: [], pending: [], warnings: [], failure: wrongName };
  if (domain === undefined)
    return startsGuest(power) ? newGuest(intent, context) : { steps: [], pending: [], warnings: [] };
  const foreign = identityFailure(intent, domain, context);
  if (foreign !== undefined) return { steps: [], pending: [], warnings: [], failure: foreign };
  const isActive = start.power === "running" || start.power === "paused" || start.power === "asleep";
  const staysActive = isActive && (intent.goal === "running" || intent.goal === "suspended");
  const { xml, settings, cache } = context;
  return { ...definitionWork(intent, domain, start, { xml, settings, cache, staysActive }), warnings: [] };
}

/** libvirt refuses these, and a path made of such a name could lead anywhere. */
function nameFailure(name: string): PlanFailure | undefined {
  if (name.trim() === name && name !== "" && name !== "." && name !== ".." && !/[/\n]/.test(name)) return undefined;
  return { code: "NAME_UNUSABLE", message: `${JSON.stringify(name)} cannot be the name of a guest.` };
}

/** A guest of that name with another UUID than policy's is another guest; whatever is promised, it is not touched. */
function identityFailure(intent: GuestIntent, domain: ObservedDomain, context: GuestContext): PlanFailure | undefined {
  const { promise } = intent;
  const spec = promise.resources.spec;
  if (spec === undefined || !spec.xml.includes("<uuid")) return undefined;
  const check = (): PlanFailure | undefined => {
    const wanted = specRoot(promise);
    return "code" in wanted ? wanted : uuidFailure(wanted, promise.name, domain.uuid);
  };
  if (context.cache === undefined) return check();
  return context.cache.remember(`identity ${promise.name}`, [spec.xml, domain.uuid], check);
}

function newGuest(intent: GuestIntent, context: GuestContext): Preparation {
  const { promise } = intent;
  if (promise.resources.spec !== undefined) return specifiedGuest(intent, context);
  if (canBeBuilt(promise)) return builtGuest(intent, context);
  const message =
    promise.state === "create"
      ? `${promise.name} is not there, and its promise does not say what it is. State env_spec, or resources.`
      : `${promise.name} is not there, and its promise has no definition. State env_spec, or env_memory with the other resources, or environment_state "create".`;
  return { steps: [], pending: [], warnings: [], failure: { code: "NO_DEFINITION", message } };
}

function specifiedGuest(intent: GuestIntent, context: GuestContext): Preparation {
  const { promise } = intent;
  const spec = specRoot(promise);
  if ("code" in spec) return { steps: [], pending: [], warnings: [], failure: spec };
  const wanted = withGuestIdentity(spec, promise.name, context.settings.identitySeed);
  const taken = context.namesByUuid.get(normalUuid(textOf(childNamed(wanted, "uuid") ?? wanted)) ?? "");
  if (taken !== undefined) {
    const message = `The UUID of ${promise.name} is already that of ${taken}. Two guests cannot share one.`;
    return { steps: [], pending: [], warnings: [], failure: { code: "UUID_MISMATCH", message } };
  }
  return { steps: [defineStep(promise.name, wanted)], pending: [], warnings: networkWarnings(wanted, context) };
}

function builtGuest(intent: GuestIntent, context: GuestContext): Preparation {
  const {
    promise,
    promise: { resources },
  } = intent;
  const capabilities = context.capabilities();
  if (capabilities === undefined) {
    const message = "The host's capabilities are not known, so no guest can be built.";
    return { steps: [], pending: [], warnings: [], failure: { code: "CAPABILITIES_UNUSABLE", message } };
  }
  const diskPath = volumePath(promise, context.settings);
  const network = builtNetwork(intent, context);
  const built = buildDomain({
    name: promise.name,
    type: promise.type,
    ...(resources.cpus === undefined ? {} : { cpus: resources.cpus }),
    ...(resources.memoryKib === undefined ? {} : { memoryKib: resources.memoryKib }),
    ...(diskPath === undefined ? {} : { diskPath }),
    ...(network === undefined ? {} : { network }),
    ...(promise.interface === undefined ? {} : { interface: promise.interface }),
    capabilities,
    identitySeed: context.settings.identitySeed,
  });
  if (!built.ok) return { steps: [], pending: [], warnings: [], failure: { code: built.code, message: built.message } };
  const steps = [...missingVolume(intent, context), defineStep(promise.name, built.domain)];
  return { steps, pending: [], warnings: [...built.warnings, ...networkWarnings(built.domain, context)] };
}

/** The stated network; else `default` where it runs or is promised to: an interface on a dead network stops the start. */
function builtNetwork(intent: GuestIntent, context: GuestContext): string | undefined {
  const stated = intent.promise.interface;
  if (stated !== undefined) return stated.network ?? "default";
  return runsNetwork("default", context) ? "default" : undefined;
}

function runsNetwork(name: string, context: GuestContext): boolean {
  const promise = context.networkPromises.get(name);
  if (promise === undefined) return context.networks.get(name)?.active ?? false;
  return promise.hostHolds && (promise.state === "create" || promise.state === "running");
}

function networkWarnings(domain: XmlElement, context: GuestContext): string[] {
  const dead = networksOf(domain).filter((name) => !runsNetwork(name, context));
  return dead.map((name) => `network ${name} is not active: the guest will not start without it`);
}

function defineStep(domain: string, wanted: XmlElement): Step {
  return { kind: "define-domain", domain, xml: writeXml(wanted), tag: "live", reason: "it is not there" };
}
