/** The ownership protocol as state machines: events and `now` go in, one ordered batch comes out. Pure. */
export type * from "./dead-man/boundary.ts";
export type * from "./events.ts";
export type * from "./host.ts";
export * from "./messages.ts";
export type * from "./ready.ts";
export * from "./records.ts";
export * from "./time.ts";
export type * from "./words.ts";
