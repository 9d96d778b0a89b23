import type { ComparisonCache } from "@berth/domain-xml";
import type { EnvironmentPromise, Ownership } from "@berth/model";
import {
  defaultPlannerSettings,
  type FetchedXml,
  neededXml,
  type Plan,
  type PlannerSettings,
  plan,
} from "@berth/planner";
import { capabilitiesXml } from "./capabilities.ts";
import type { LibvirtModel } from "./libvirt-model.ts";

/** What one pass is made of. */
export interface Pass {
  readonly promises: readonly EnvironmentPromise[];
  readonly ownership: ReadonlyMap<string, Ownership>;
  readonly settings?: PlannerSettings;
  readonly cache?: ComparisonCache;
  /** Reasons for names, guests and networks alike, whose XML the hypervisor does not tell. */
  readonly refused?: ReadonlyMap<string, string>;
}

/** Observes the model, fetches what is asked for, and plans. */
export function planPass(model: LibvirtModel, pass: Pass): Plan {
  const observation = model.observe();
  const settings = pass.settings ?? defaultPlannerSettings;
  const { promises, ownership } = pass;
  const needed = neededXml({ promises, ownership, observation, settings });
  return plan({
    promises,
    ownership,
    observation,
    xml: withRefusals(model.fetch(needed), pass.refused ?? new Map()),
    ...(needed.capabilities ? { capabilitiesXml } : {}),
    settings,
    ...(pass.cache === undefined ? {} : { cache: pass.cache }),
  });
}

function withRefusals(xml: FetchedXml, refused: ReadonlyMap<string, string>): FetchedXml {
  return { ...xml, domains: { ...xml.domains, refused }, networks: { ...xml.networks, refused } };
}

/** Carries out all that is not withheld. */
export function performPlan(model: LibvirtModel, made: Plan): void {
  for (const item of made.items) {
    if (item.withheld !== undefined) continue;
    for (const step of item.steps) model.perform(step);
  }
}
