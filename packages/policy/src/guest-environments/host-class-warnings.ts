import type { SourcePosition } from "@berth/model";
import { type ClassExpression, classNamesOf } from "../class-expression/class-expression.ts";
import type { EvaluationState } from "../evaluate/evaluation-state.ts";

/**
 * Classes that are most likely not what was meant: names in another case than the host's classes have, and addresses that
 * every libvirt host has.
 */

/** libvirt's default network gives every host the bridge virbr0 with this address. */
const defaultNetworkClasses: ReadonlySet<string> = new Set([
  "192_168_122_1",
  "ipv4_192_168_122_1",
  "ipv4_192_168_122",
  "net_iface_virbr0",
]);

/** Warns of what is suspicious in `environment_host`. */
export function checkHostClass(expression: ClassExpression, position: SourcePosition, state: EvaluationState): void {
  for (const name of classNamesOf(expression)) {
    warnOfCase(name, position, state);
    if (!defaultNetworkClasses.has(name)) continue;
    const message = `${name} holds on every host that has libvirt's default network (virbr0): it does not single out one host`;
    state.findings.add("GUEST_HOST_NOT_UNIQUE", position, message, { severity: "warning" });
  }
}

/** Warns where a class is not set and one that differs only by case is: host-name classes are lower case. */
export function warnOfCase(name: string, position: SourcePosition, state: EvaluationState): void {
  const other = state.classes.spelledOtherwise(name);
  if (other === undefined) return;
  const message = `the class ${name} is not set, but ${other} is; classes made from host names are lower case`;
  state.findings.add("POLICY_CLASS_CASE", position, message, { severity: "warning", hint: other });
}
