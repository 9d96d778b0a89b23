/**
 * What a policy or a setting asks for that a fleet does not do. On one host both have an effect, so they are no mistakes; a fleet that says nothing
 * about them would be wrong. Shown by `berth check` on a host of a fleet, by its agent's status, and in its log.
 */
import type { Diagnostic, EnvironmentPromise } from "@berth/model";
import type { BerthConfig } from "../config/berth-config.ts";

/** Codes of {@link fleetFindings}. */
export const fleetFindingCodes: ReadonlySet<string> = new Set(["FLEET_NOT_OWNED_STATE", "FLEET_OUTCOME_CLASSES"]);

/** Warnings; none where nothing of the kind is asked for. */
export function fleetFindings(
  promises: readonly EnvironmentPromise[],
  { notOwnedState }: Pick<BerthConfig, "notOwnedState">,
): readonly Diagnostic[] {
  return [...notOwnedFinding(promises, notOwnedState), ...promises.flatMap(outcomeFinding)];
}

/**
 * Once, at the first promise that it would be about. A suspended copy beside the running one is one resume by hand away from a second run, and on the
 * way there it would have to be created by a host without a claim; so the protocol knows no such copy.
 */
function notOwnedFinding(
  promises: readonly EnvironmentPromise[],
  notOwnedState: BerthConfig["notOwnedState"],
): readonly Diagnostic[] {
  if (notOwnedState !== "suspended") return [];
  const first = promises.find(
    ({ kind, state, action }) =>
      kind === "guest" && (state === "create" || state === "running") && action.policy === "fix",
  );
  if (first === undefined) return [];
  return [
    {
      severity: "warning",
      code: "FLEET_NOT_OWNED_STATE",
      message:
        "not_owned_state is suspended, which has no effect in a fleet: a guest is down on every host that does not own it, " +
        "for a suspended second copy could be resumed by hand; set it to down, or leave it out",
      position: first.position,
    },
  ];
}

function outcomeFinding({ kind, name, classes, position }: EnvironmentPromise): readonly Diagnostic[] {
  const defined = [...new Set(Object.values(classes).flat())];
  if (defined.length === 0) return [];
  const names = defined.length === 1 ? `class ${defined[0]}` : `classes ${defined.join(", ")}`;
  return [
    {
      severity: "warning",
      code: "FLEET_OUTCOME_CLASSES",
      message:
        `${kind} ${name} defines ${names} by its outcome, which the agent of a fleet does not: what becomes of a guest is ` +
        "known only when the protocol is through with it. Promises that wait for such a class are not made; `berth converge` on a host without a fleet makes them",
      position,
    },
  ];
}
