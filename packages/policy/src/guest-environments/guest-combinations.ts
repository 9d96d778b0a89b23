/**
 * Attributes that are right one by one and wrong together. Asked before evaluation of what is literal, and again of each
 * promise when everything is known; both times with the same words, so that a person reads them once.
 */
import { isNetworkType } from "@berth/model";
import type { FindingExtras } from "../evaluate/finding-list.ts";
import type { Attribute } from "../syntax/ast.ts";

/** A finding without its place. */
export interface CombinationProblem {
  readonly code: string;
  readonly message: string;
  readonly extras: FindingExtras;
}

/** Attributes of `body environment_resources` that a definition already says. */
export const sizeAttributes = ["env_cpus", "env_memory", "env_disk"] as const;

/** A definition and a size exclude each other; CFEngine skips such a promise and calls it kept. */
export function definitionAndSize(size: Attribute, definition: Attribute): CombinationProblem {
  const message = `${size.name.text} and a definition exclude each other: the definition already says it; remove one of them`;
  const related = [{ position: definition.value.position, message: "the definition is given here" }];
  return { code: "GUEST_SPEC_AND_SIZE", message, extras: { related } };
}

/** A network runs or not: there is nothing to suspend. */
export function suspendedNetwork(type: string, state: string): CombinationProblem | undefined {
  if (!isNetworkType(type) || state !== "suspended") return undefined;
  const message = "a network cannot be suspended; it can be running or down";
  return { code: "GUEST_NETWORK_SUSPENDED", message, extras: { hint: "down" } };
}
