/**
 * Two promises about one guest. Said twice, a promise is still one promise. Two that differ would undo each other at
 * every pass, so that is a mistake, wherever the two stand: in one bundle, or in two policies that are used together.
 */
import { type Diagnostic, type EnvironmentPromise, hypervisorOf } from "@berth/model";

/** The same for two promises exactly where they are about the same guest or network. */
export function environmentKey({ kind, type, name }: EnvironmentPromise): string {
  return `${kind} ${hypervisorOf(type)} ${name}`;
}

/** What is wrong with two promises of one {@link environmentKey}; `undefined` where they say the same. */
export function contradictionOf(earlier: EnvironmentPromise, later: EnvironmentPromise): Diagnostic | undefined {
  const difference = firstDifference(earlier, later);
  if (difference === undefined) return undefined;
  return {
    severity: "error",
    code: "GUEST_CONTRADICTION",
    message: `${later.name} is promised twice and the two differ in ${difference}; they would undo each other for ever`,
    position: later.position,
    related: [{ position: earlier.position, message: "the other promise" }],
  };
}

function firstDifference(left: EnvironmentPromise, right: EnvironmentPromise): string | undefined {
  const pairs: readonly [string, unknown, unknown][] = [
    ["environment_state", left.state, right.state],
    ["environment_host", left.hostClass, right.hostClass],
    ["environment_resources", withoutPosition(left), withoutPosition(right)],
    ["environment_interface", "interface" in left ? left.interface : 0, "interface" in right ? right.interface : 0],
    ["action", left.action, right.action],
  ];
  return pairs.find(([, one, other]) => JSON.stringify(one) !== JSON.stringify(other))?.[0];
}

function withoutPosition(promise: EnvironmentPromise): unknown {
  return { ...promise.resources, spec: promise.resources.spec?.xml };
}
