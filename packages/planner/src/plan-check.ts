/**
 * Looks at a finished plan with other eyes and refuses a dangerous one.
 *
 * The planner decides by intents and tables; the checker knows neither. It takes the promises, the ownership and the
 * observation, walks through the steps with a small model of what each does, and looks whether anything happens that must
 * never happen: a guest runs where it may not, a definition goes that nobody asked to delete, something undeclared is
 * touched. So a bug in the planner costs an error message and not a guest. It shares no code with the planner.
 */
import { descend, normalUuid, parseXml, textOf } from "@berth/domain-xml";
import type { EnvironmentPromise, Observation, ObservedDomain } from "@berth/model";
import type { OwnershipMap, Plan, PromisePlan } from "./plan-types.ts";
import type { Step } from "./step.ts";

/** One reason to refuse a plan. */
export interface PlanViolation {
  readonly code: PlanViolationCode;
  /** The guest or network. */
  readonly name: string;
  /** One sentence. */
  readonly message: string;
}

/**
 * Stable codes. A guest or network that is touched though it is not declared (`UNDECLARED`), by another's promise
 * (`OTHER_NAME`), or by two promises (`CONFLICTING_PROMISES`); that runs where it may not (`RUNS_WITHOUT_OWNERSHIP`,
 * `RUNS_AGAINST_PROMISE`), too early (`STARTS_UNPAUSED`) or by itself (`AUTOSTARTS_GUEST`); that is stopped though it is
 * promised (`STOPS_PROMISED_GUEST`, `CUTS_PROMISED_NETWORK`) or nobody is known to own it (`STOPS_UNDECIDED_GUEST`); that
 * loses its definition (`UNDEFINES_WITHOUT_DELETE`) or its identity (`DEFINES_ANOTHER`); a disk in a place that is no plain
 * path (`VOLUME_PATH`); stages out of order (`STAGE_ORDER`).
 */
export type PlanViolationCode =
  | "UNDECLARED"
  | "OTHER_NAME"
  | "CONFLICTING_PROMISES"
  | "RUNS_WITHOUT_OWNERSHIP"
  | "RUNS_AGAINST_PROMISE"
  | "STARTS_UNPAUSED"
  | "STOPS_PROMISED_GUEST"
  | "STOPS_UNDECIDED_GUEST"
  | "UNDEFINES_WITHOUT_DELETE"
  | "DEFINES_ANOTHER"
  | "AUTOSTARTS_GUEST"
  | "CUTS_PROMISED_NETWORK"
  | "VOLUME_PATH"
  | "STAGE_ORDER";

/** What the checker judges by. */
export interface CheckContext {
  readonly promises: readonly EnvironmentPromise[];
  readonly ownership: OwnershipMap;
  readonly observation: Observation;
}

/** Every violation in the plan. One is enough: then no step of the plan may be performed. Never throws. */
export function checkPlan(plan: Plan, context: CheckContext): readonly PlanViolation[] {
  const check = new PlanCheck(context);
  let stage = 0;
  for (const item of plan.items) {
    if (item.stage < stage)
      check.add("STAGE_ORDER", item.promise.name, `stage ${item.stage} comes after stage ${stage}`);
    stage = Math.max(stage, item.stage);
    if (item.steps.length > 0) check.checkItem(item);
  }
  return check.violations;
}

/** What the checker's model knows of a guest while it walks through the steps. */
interface ModelGuest {
  running: boolean;
  active: boolean;
}

/** Steps after which a guest runs as before. */
const harmless: ReadonlySet<Step["kind"]> = new Set(["define-domain", "set-domain-autostart", "create-volume"]);

class PlanCheck {
  readonly violations: PlanViolation[] = [];
  readonly #declared: ReadonlySet<EnvironmentPromise>;
  readonly #domains: ReadonlyMap<string, ObservedDomain>;
  readonly #networkUuids: ReadonlyMap<string, string>;
  readonly #ownership: OwnershipMap;
  /** What already has steps, by kind and name. */
  readonly #planned = new Set<string>();
  /** Promises by kind and name, to see two about one thing. */
  readonly #states = new Map<string, Set<string>>();

  constructor(context: CheckContext) {
    this.#declared = new Set(context.promises);
    this.#domains = new Map(context.observation.domains.map((domain) => [domain.name, domain]));
    this.#networkUuids = new Map(context.observation.networks.map((network) => [network.name, network.uuid]));
    this.#ownership = context.ownership;
    for (const { kind, name, state, hostHolds } of context.promises) {
      const states = this.#states.get(`${kind} ${name}`) ?? new Set();
      this.#states.set(`${kind} ${name}`, states.add(`${state} ${hostHolds}`));
    }
  }

  add(code: PlanViolationCode, name: string, message: string): void {
    this.violations.push({ code, name, message });
  }

  checkItem(item: PromisePlan): void {
    const { kind, name } = item.promise;
    const key = `${kind} ${name}`;
    if (!this.#declared.has(item.promise)) this.add("UNDECLARED", name, "no promise declares it");
    const isConflict = this.#planned.has(key) || (this.#states.get(key)?.size ?? 0) > 1;
    if (isConflict) this.add("CONFLICTING_PROMISES", name, "two promises about it lead to steps");
    this.#planned.add(key);
    for (const step of item.steps) this.#checkTarget(item.promise, step);
    if (kind === "guest") this.#walkGuest(item.promise, item.steps);
    else this.#checkNetwork(item.promise, item.steps);
  }

  #checkTarget(promise: EnvironmentPromise, step: Step): void {
    const target = "network" in step ? step.network : step.domain;
    const kind = "network" in step ? "network" : "guest";
    if (target === promise.name && kind === promise.kind) return;
    this.add("OTHER_NAME", promise.name, `${step.kind} is about ${kind} ${target}`);
  }

  #walkGuest(promise: EnvironmentPromise, steps: readonly Step[]): void {
    const observed = this.#domains.get(promise.name);
    const wasRunning = observed !== undefined && ["running", "blocked", "no-state"].includes(observed.state);
    const guest: ModelGuest = { running: wasRunning, active: wasRunning || observed?.state === "paused" };
    for (const step of steps) this.#walkStep(promise, guest, step, observed);
    const wantsRunning = this.#mayRun(promise) && (promise.state === "create" || promise.state === "running");
    const changesPower = steps.some((step) => !harmless.has(step.kind));
    if (guest.running && !wantsRunning && changesPower)
      this.add("RUNS_AGAINST_PROMISE", promise.name, "it runs when all steps are done");
    if (wasRunning && wantsRunning && !guest.running) {
      this.add("STOPS_PROMISED_GUEST", promise.name, "it runs, is promised to run, and is stopped");
    }
  }

  #walkStep(promise: EnvironmentPromise, guest: ModelGuest, step: Step, observed: ObservedDomain | undefined): void {
    const { name } = promise;
    switch (step.kind) {
      case "start-domain":
        this.#requireOwnership(promise, "started");
        if (!step.paused && this.#ownership.get(name)?.kind !== "sole") {
          this.add("STARTS_UNPAUSED", name, "it starts running before its claim is looked at again");
        }
        guest.active = true;
        guest.running = !step.paused;
        return;
      case "resume-domain":
      case "wake-domain":
        this.#requireOwnership(promise, step.kind === "resume-domain" ? "resumed" : "woken");
        guest.active = true;
        guest.running = true;
        return;
      case "suspend-domain":
        this.#requireDecision(promise, step.kind);
        guest.running = false;
        return;
      case "shutdown-domain":
      case "destroy-domain":
        this.#requireDecision(promise, step.kind);
        if (guest.running && this.#mayRun(promise) && (promise.state === "create" || promise.state === "running")) {
          this.add("STOPS_PROMISED_GUEST", name, `${step.kind}, though it runs and is promised to run`);
        }
        guest.running = false;
        guest.active = false;
        return;
      case "undefine-domain":
        if (promise.state !== "delete") this.add("UNDEFINES_WITHOUT_DELETE", name, "nobody promised to delete it");
        if (guest.active) this.add("UNDEFINES_WITHOUT_DELETE", name, "it is undefined while it is active");
        return;
      case "remove-managed-save":
        return;
      case "define-domain":
        this.#checkDefinition(name, step.xml, "domain", observed?.uuid);
        return;
      case "set-domain-autostart":
        if (step.autostart) this.add("AUTOSTARTS_GUEST", name, "libvirt would start it without asking who owns it");
        return;
      case "create-volume":
        if (!step.path.startsWith("/") || step.path.split("/").includes("..")) {
          this.add("VOLUME_PATH", name, `${step.path} is no plain absolute path`);
        }
        return;
      default:
        return;
    }
  }

  #requireOwnership(promise: EnvironmentPromise, what: string): void {
    if (!this.#mayRun(promise)) {
      this.add("RUNS_WITHOUT_OWNERSHIP", promise.name, `it is ${what}, but this host may not run it`);
    }
  }

  /** A guest that policy wants running somewhere is stopped only where it is known to be another host's. */
  #requireDecision(promise: EnvironmentPromise, what: string): void {
    const ownership = this.#ownership.get(promise.name);
    const isKnown = ownership !== undefined && (ownership.kind !== "elsewhere" || ownership.owner !== undefined);
    if (isKnown || !promise.hostHolds || (promise.state !== "create" && promise.state !== "running")) return;
    this.add("STOPS_UNDECIDED_GUEST", promise.name, `${what}, though nobody is known to own it`);
  }

  #mayRun(promise: EnvironmentPromise): boolean {
    const ownership = this.#ownership.get(promise.name)?.kind;
    return promise.hostHolds && (ownership === "sole" || ownership === "holds");
  }

  #checkNetwork(promise: EnvironmentPromise, steps: readonly Step[]): void {
    const wantsActive = promise.hostHolds && (promise.state === "create" || promise.state === "running");
    for (const step of steps) {
      if (step.kind === "undefine-network" && promise.state !== "delete") {
        this.add("UNDEFINES_WITHOUT_DELETE", promise.name, "nobody promised to delete the network");
      }
      if (step.kind === "stop-network" && wantsActive) {
        this.add("CUTS_PROMISED_NETWORK", promise.name, "it is promised to run and is stopped");
      }
      if (step.kind === "define-network") {
        this.#checkDefinition(promise.name, step.xml, "network", this.#networkUuids.get(promise.name));
      }
    }
  }

  /** The XML must define this very thing, under the UUID that it has. */
  #checkDefinition(name: string, xml: string, element: string, observedUuid: string | undefined): void {
    const parse = parseXml(xml);
    if (!parse.ok || parse.root.name !== element) {
      this.add("DEFINES_ANOTHER", name, `the XML to define is no ${element}`);
      return;
    }
    const defined = descend(parse.root, "name");
    const uuid = descend(parse.root, "uuid");
    if (defined === undefined || textOf(defined) !== name) {
      this.add("DEFINES_ANOTHER", name, "the XML to define has another name");
    }
    const stated = uuid === undefined ? undefined : normalUuid(textOf(uuid));
    if (observedUuid !== undefined && stated !== normalUuid(observedUuid)) {
      this.add("DEFINES_ANOTHER", name, "the XML to define has another UUID than the one that is there");
    }
  }
}
