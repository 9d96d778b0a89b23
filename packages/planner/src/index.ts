/** Promises, ownership and what the hypervisor says become ordered steps, each with its reason. Nothing here acts. */
export * from "./explain.ts";
export { canBeBuilt } from "./guest-intent.ts";
export * from "./plan.ts";
export * from "./plan-check.ts";
export * from "./plan-types.ts";
export * from "./step.ts";
