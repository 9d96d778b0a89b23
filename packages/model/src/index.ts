/** Words that every package shares. Nothing here does anything: shapes, tables and their spelling. */
export * from "./diagnostic.ts";
export * from "./environment-promise.ts";
export * from "./environment-type.ts";
export * from "./observed.ts";
export * from "./outcome.ts";
export * from "./ownership.ts";
export * from "./source-position.ts";
