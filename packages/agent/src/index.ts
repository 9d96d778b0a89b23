/** The agent's parts, for commands. Commands that must start fast import the modules one by one. */
export * from "./agent-error.ts";
export * from "./config/berth-config.ts";
export * from "./config/config-reader.ts";
export { type PartialConfig, parseUriSetting } from "./config/config-sources.ts";
export * from "./converge.ts";
export type * from "./pass-event.ts";
export type * from "./pass-report.ts";
export * from "./policy-load.ts";
export type * from "./policy-load-types.ts";
export type * from "./ports/hypervisor.ts";
