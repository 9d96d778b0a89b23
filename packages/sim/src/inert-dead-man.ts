import type { DeadManCore } from "./builds.ts";

/** A dead-man that beats its heart and does nothing else; for the mutant that shows why there is one. */
export function inertDeadMan(): DeadManCore {
  let nextWakeMs = 0;
  return {
    step: (_event, now) => {
      nextWakeMs = now.bootMs + 100;
    },
    takeReady: () => ({ act: [], feedWatchdog: true, notes: [], nextWakeMs }),
  };
}
