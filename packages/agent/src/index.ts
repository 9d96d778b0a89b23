export * from "./agent-error.ts";
export type * from "./pass-report.ts";
export type * from "./ports/hypervisor.ts";
