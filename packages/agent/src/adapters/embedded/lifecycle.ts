import type { DomainStep } from "@berth/planner";
import type { LifecycleEvent } from "../../ports/hypervisor.ts";
import type { EmbeddedDomain } from "./embedded-state.ts";

/** The event that libvirt would send for a step: none where nothing of the domain's life changed. */
export function lifecycleChange(
  before: EmbeddedDomain | undefined,
  after: EmbeddedDomain | undefined,
  step: DomainStep,
): LifecycleEvent["change"] | undefined {
  if (step.kind === "define-domain") return "defined";
  if (before?.active !== undefined && after?.active === undefined) return "stopped";
  if (before?.active === undefined && after?.active !== undefined) return "started";
  if (before?.inactive !== undefined && after?.inactive === undefined) return "undefined";
  if (before?.state === after?.state) return undefined;
  return after?.state === "paused" ? "suspended" : "resumed";
}
