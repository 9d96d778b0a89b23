import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";

/**
 * Puts this process before all others of the time-sharing class, and out of the reach of the out-of-memory killer, where
 * it may. Returns what was refused, in words for the status.
 */
export function raiseOwnPriority(): readonly string[] {
  const refused: string[] = [];
  try {
    setPriority(-20);
  } catch {
    refused.push("the scheduling priority could not be raised: on a starved host the dead-man may be late");
  }
  try {
    writeFileSync("/proc/self/oom_score_adj", "-1000");
  } catch {
    refused.push("the dead-man may be chosen by the out-of-memory killer");
  }
  return refused;
}
