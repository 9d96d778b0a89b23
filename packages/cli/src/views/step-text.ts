import type { StepReport } from "@berth/agent/pass-report";
import { formatBytes, formatCount } from "../output/units.ts";

/** A step as the planner made it. */
export type Step = StepReport["step"];

/** What a step does, in the words of libvirt, for a table's cell. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case "define-domain":
    case "define-network":
      return "define";
    case "start-domain":
      return `start${step.paused ? " paused" : ""}${step.discardSave ? ", saved memory dropped" : ""}`;
    case "start-network":
      return "start";
    case "resume-domain":
      return "resume";
    case "wake-domain":
      return "wake up";
    case "suspend-domain":
      return "suspend";
    case "shutdown-domain":
      return `shut down, destroy after ${Math.round(step.timeoutMs / 1000)}s`;
    case "destroy-domain":
      return "destroy";
    case "stop-network":
      return "stop";
    case "undefine-domain":
    case "undefine-network":
      return "undefine";
    case "remove-managed-save":
      return "remove the saved memory";
    case "set-vcpus":
      return `set ${formatCount(step.count, "CPU")}`;
    case "set-memory":
      return `set memory to ${formatBytes(step.kib * 1024)}`;
    case "set-domain-autostart":
    case "set-network-autostart":
      return `autostart ${step.autostart ? "on" : "off"}`;
    case "create-volume":
      return `create disk ${step.path}${step.capacityBytes === undefined ? "" : `, ${formatBytes(step.capacityBytes)}`}`;
  }
}
