import { defaultPlannerSettings, type PlannerSettings } from "@berth/planner";
import type { BerthConfig } from "./config/berth-config.ts";

/** The planner's choices as this host's configuration makes them. */
export function plannerSettings(config: BerthConfig): PlannerSettings {
  const { shutdownTimeoutMs, notOwnedState, identitySeed } = config;
  return { ...defaultPlannerSettings, shutdownTimeoutMs, notOwnedState, identitySeed };
}
