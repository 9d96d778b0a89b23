/** A pass that changes a host, and the second one after it, which must find nothing to do. */
import { ComparisonCache } from "@berth/domain-xml";
import type { GuestPromise } from "@berth/model";
import { checkPlan, type PromisePlan } from "@berth/planner";
import { expect } from "vitest";
import { LibvirtModel } from "./libvirt-model.ts";
import { performPlan, planPass } from "./pass.ts";
import { sole } from "./promises.ts";

/** The guest `g` belongs to this host alone. */
export const ownership = new Map([["g", sole]]);

/** A host on which `g` runs as this XML defines it. */
export function runningHost(xml: string): LibvirtModel {
  const model = new LibvirtModel();
  model.define("g", xml);
  model.perform({ kind: "start-domain", domain: "g", paused: false, discardSave: false, reason: "", tag: "live" });
  return model;
}

/** Plans, checks, performs; then a second pass must have no step. Returns both passes' plans of the guest. */
export function converge(model: LibvirtModel, promise: GuestPromise): [PromisePlan, PromisePlan] {
  const pass = { promises: [promise], ownership, cache: new ComparisonCache() };
  const first = planPass(model, pass);
  expect(checkPlan(first, { ...pass, observation: model.observe() })).toEqual([]);
  performPlan(model, first);
  const second = planPass(model, pass);
  const [before, after] = [first.items[0], second.items[0]];
  if (before === undefined || after === undefined) throw new Error("no plan");
  expect(after.steps).toEqual([]);
  return [before, after];
}

/** What the steps of a plan are. */
export const kinds = (item: PromisePlan) => item.steps.map((step) => step.kind);
