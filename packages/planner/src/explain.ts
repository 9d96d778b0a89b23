/** A plan in words, for `-v`: where a promise starts from, each step and why, and where it leads. */
import type { PromisePlan } from "./plan-types.ts";
import type { Step } from "./step.ts";

/** The lines for one promise, without indentation or line ends. */
export function explainPlan(item: PromisePlan): readonly string[] {
  const { promise } = item;
  const kind = promise.kind === "guest" ? "guest" : "network";
  const lines = [`${kind} ${promise.name}: ${promise.state} promised; here ${item.here}; now ${item.from}`];
  if (item.failure !== undefined) return [...lines, `  failed: ${item.failure.message}`];
  if (item.steps.length === 0) lines.push("  nothing to do");
  for (const step of item.steps) lines.push(`  ${describeStep(step)}: ${step.reason} [${step.tag}]`);
  if (item.steps.length > 0) lines.push(`  then ${endState(item)}`);
  if (item.withheld !== undefined) lines.push(`  not performed: action_policy is ${item.withheld}`);
  for (const change of item.pending) lines.push(`  pending: ${change.what}; ${change.why} [${change.tag}]`);
  for (const warning of item.warnings) lines.push(`  warning: ${warning}`);
  return lines;
}

/** The state in which the last step leaves it. */
function endState(item: PromisePlan): string {
  switch (item.goal) {
    case "running":
    case "active":
    case "inactive":
    case "down":
      return item.goal;
    case "suspended":
      return item.steps.some((step) => step.kind === "destroy-domain") && !startsIn(item) ? "down" : "suspended";
    case "deleted":
      return "absent";
    case "unchanged":
      return item.from;
  }
}

function startsIn(item: PromisePlan): boolean {
  return item.steps.some((step) => step.kind === "start-domain");
}

/** A step in a few words, without its reason: `start web1 paused`. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case "define-domain":
      return `define ${step.domain}`;
    case "start-domain":
      return `start ${step.domain}${step.paused ? " paused" : ""}${step.discardSave ? " without its saved memory" : ""}`;
    case "resume-domain":
      return `resume ${step.domain}`;
    case "wake-domain":
      return `wake ${step.domain}`;
    case "suspend-domain":
      return `suspend ${step.domain}`;
    case "shutdown-domain":
      return `shut down ${step.domain}, destroy it after ${step.timeoutMs / 1000} s`;
    case "destroy-domain":
      return `destroy ${step.domain}`;
    case "undefine-domain":
      return `undefine ${step.domain}`;
    case "remove-managed-save":
      return `drop the saved memory of ${step.domain}`;
    case "set-vcpus":
      return `set ${step.domain} to ${step.count} processors${scopeOf(step)}`;
    case "set-memory":
      return `set ${step.domain} to ${step.kib} KiB of memory${scopeOf(step)}`;
    case "set-domain-autostart":
      return `turn autostart of ${step.domain} ${step.autostart ? "on" : "off"}`;
    case "create-volume":
      return `create disk ${step.path}${step.backing === undefined ? "" : ` on ${step.backing.path}`}`;
    case "define-network":
      return `define network ${step.network}`;
    case "start-network":
      return `start network ${step.network}`;
    case "stop-network":
      return `stop network ${step.network}`;
    case "undefine-network":
      return `undefine network ${step.network}`;
    case "set-network-autostart":
      return `turn autostart of network ${step.network} ${step.autostart ? "on" : "off"}`;
  }
}

function scopeOf(step: { readonly live: boolean; readonly config: boolean }): string {
  if (step.live && step.config) return " now and in its definition";
  return step.live ? " now" : " in its definition";
}
