import {
  type EnvironmentInterface,
  type EnvironmentPromise,
  type EnvironmentState,
  isGuestType,
  isNetworkType,
  type PromiseAction,
} from "@berth/model";
import { evaluateClassExpression } from "../class-expression/class-expression.ts";
import { evaluateValue } from "../evaluate/evaluate-value.ts";
import { bodyGuardHolds } from "../evaluate/resolve-body.ts";
import type { PromiseRound } from "../evaluate/run-promise.ts";
import { hasReference } from "../evaluate/text-template.ts";
import { parseInteger } from "../functions/number-text.ts";
import { canonify } from "../hard-classes/canonify.ts";
import { contradictionOf, environmentKey } from "./contradiction.ts";
import { AttributeReader } from "./environment-attributes.ts";
import { suspendedNetwork } from "./guest-combinations.ts";
import { checkHostClass } from "./host-class-warnings.ts";
import { readResources } from "./read-resources.ts";

/** Turns rounds of `guest_environments` promises into what the agent keeps: one guest or network each, checked. */

/** Where evaluated guests and networks go. */
export interface EnvironmentSink {
  readonly environments: Map<string, EnvironmentPromise>;
  /** Handles of guests and networks. */
  readonly environmentHandles: Set<string>;
  /** Handles of promises of other types that were carried out. */
  readonly handles: Set<string>;
}

/** @param scope the qualified bundle, `default:main` */
export function runEnvironment(round: PromiseRound, scope: string, sink: EnvironmentSink): void {
  const reader = new AttributeReader(round);
  const promise = readPromise(round, scope, reader, sink);
  if (promise === undefined || reader.failed) return;
  if (promise.handle !== undefined) sink.environmentHandles.add(promise.handle);
  addPromise(promise, reader, sink);
}

function readPromise(
  round: PromiseRound,
  scope: string,
  reader: AttributeReader,
  sink: EnvironmentSink,
): EnvironmentPromise | undefined {
  checkName(round, reader);
  const host = readHost(round, reader);
  const state = (reader.text("promise", "environment_state")?.text ?? "create") as EnvironmentState;
  const type = reader.text("promise", "environment_type")?.text ?? "test";
  const resources = readResources(reader, round.context.state.world);
  const comment = optionalText(reader, "comment");
  const handle = optionalText(reader, "handle");
  if (host === undefined) return undefined;
  const shared = {
    name: round.promiser,
    state,
    ...host,
    resources,
    action: readAction(reader, round),
    classes: readClasses(reader),
    ...(comment === undefined ? {} : { comment }),
    ...(handle === undefined ? {} : { handle }),
    meta: reader.items("promise", "meta"),
    dependsOn: reader.items("promise", "depends_on").filter((each) => !sink.handles.has(each)),
    bundle: scope.replace(/^default:/, ""),
    position: round.promise.position,
  };
  if (isNetworkType(type)) {
    checkNetwork(round, type, state, reader);
    return { kind: "network", type, ...shared };
  }
  if (!isGuestType(type)) return undefined;
  const environmentInterface = readInterface(reader);
  return {
    kind: "guest",
    type,
    ...shared,
    ...(environmentInterface === undefined ? {} : { interface: environmentInterface }),
  };
}

/**
 * libvirt takes no name with a slash, and a control character or a blank at an end is nobody's intention. "." and ".."
 * are no file names, and libvirt keeps files of each guest under its name.
 */
function checkName(round: PromiseRound, reader: AttributeReader): void {
  const { promiser, promise } = round;
  if (hasReference(promiser)) {
    reader.fail(
      "POLICY_UNRESOLVED_VARIABLE",
      promise.position,
      `the guest's name holds an unknown variable: ${promiser}`,
    );
  } else if (promiser.trim() === "") {
    reader.fail("POLICY_EMPTY_PROMISER", promise.position, "a guest needs a name");
  } else if (/[/\p{Cc}]|^\.\.?$/u.test(promiser)) {
    reader.fail(
      "GUEST_INVALID_NAME",
      promise.position,
      `${JSON.stringify(promiser)} cannot be a guest's name: no slash, no line break, not "." or ".."`,
    );
  } else if (promiser !== promiser.trim()) {
    reader.fail(
      "GUEST_INVALID_NAME",
      promise.position,
      `${JSON.stringify(promiser)} cannot be a guest's name: it begins or ends with a blank`,
    );
  }
}

function readHost(round: PromiseRound, reader: AttributeReader) {
  const { context } = round;
  if (!round.attributes.has("environment_host")) {
    const message = `${JSON.stringify(round.promiser)} does not say where it is to run: environment_host is missing`;
    reader.fail("GUEST_HOST_MISSING", round.promise.position, message);
    return undefined;
  }
  const read = reader.text("promise", "environment_host");
  if (read === undefined) return undefined;
  const parsed = context.state.expression(read.text);
  if (!parsed.ok) return undefined;
  checkHostClass(parsed.expression, read.position, context.state);
  const { classes } = context.state;
  const hostHolds = evaluateClassExpression(parsed.expression, (name) =>
    classes.isSet(name, context.bundle.namespace, context.classes),
  );
  return { hostClass: read.text, hostHolds };
}

function optionalText(reader: AttributeReader, name: string): string | undefined {
  return reader.text("promise", name)?.text;
}

function readAction(reader: AttributeReader, round: PromiseRound): PromiseAction {
  const policy = reader.text("action", "action_policy")?.text;
  return {
    policy: policy === "warn" || policy === "nop" ? policy : "fix",
    ifElapsedMinutes: minutes(reader, round, "ifelapsed", 0),
    expireAfterMinutes: minutes(reader, round, "expireafter", 1),
  };
}

/** The promise's own action first, then `body agent control`, then ours. */
function minutes(reader: AttributeReader, round: PromiseRound, name: string, otherwise: number): number {
  const text = reader.text("action", name)?.text ?? controlText(round, name);
  return text === undefined ? otherwise : (parseInteger(text)?.value ?? otherwise);
}

function controlText(round: PromiseRound, name: string): string | undefined {
  const { context } = round;
  const control = context.state.bodies.get("agent default:control");
  const attribute = control?.attributes.find((each) => each.name.text === name && bodyGuardHolds(each, context));
  const value = attribute === undefined ? undefined : evaluateValue(attribute.value, context);
  return value?.kind === "scalar" ? value.text : undefined;
}

const outcomeLists = [
  "promise_kept",
  "promise_repaired",
  "repair_failed",
  "repair_denied",
  "repair_timeout",
  "cancel_kept",
  "cancel_repaired",
  "cancel_notkept",
] as const;

function readClasses(reader: AttributeReader): Readonly<Record<string, readonly string[]>> {
  const lists = outcomeLists.map((name) => [name, reader.items("classes", name).map(canonify)] as const);
  return Object.fromEntries(lists.filter(([, names]) => names.length > 0));
}

function readInterface(reader: AttributeReader): EnvironmentInterface | undefined {
  if (reader.body("environment_interface") === undefined) return undefined;
  const name = reader.text("environment_interface", "env_name")?.text;
  const network = reader.text("environment_interface", "env_network")?.text;
  return {
    addresses: reader.items("environment_interface", "env_addresses"),
    ...(name === undefined ? {} : { name }),
    ...(network === undefined ? {} : { network }),
  };
}

/** A network runs or not: there is nothing to suspend, and it has no processors. */
function checkNetwork(round: PromiseRound, type: string, state: EnvironmentState, reader: AttributeReader): void {
  const suspended = suspendedNetwork(type, state);
  if (suspended !== undefined) {
    const position = round.attributes.get("environment_state")?.value.position ?? round.promise.position;
    reader.fail(suspended.code, position, suspended.message, suspended.extras);
  }
  for (const name of ["env_cpus", "env_memory", "env_disk", "env_baseline"]) {
    const found = reader.raw("environment_resources", name);
    if (found === undefined) continue;
    const message = `${name} means nothing for a network and is ignored`;
    reader.fail("GUEST_IGNORED_ATTRIBUTE", found.attribute.position, message, { severity: "warning" });
  }
}

/** One promise for each guest. The same promise twice is one; two that differ would undo each other for ever. */
function addPromise(promise: EnvironmentPromise, reader: AttributeReader, sink: EnvironmentSink): void {
  const key = environmentKey(promise);
  const earlier = sink.environments.get(key);
  if (earlier === undefined) {
    sink.environments.set(key, promise);
    return;
  }
  const finding = contradictionOf(earlier, promise);
  if (finding !== undefined) reader.fail(finding.code, finding.position, finding.message, finding);
}
