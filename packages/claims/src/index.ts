/** The ownership protocol as state machines: events and `now` go in, one ordered batch comes out. Pure. */

export { createHost } from "./create-host.ts";
export type * from "./dead-man/boundary.ts";
export { createDeadMan } from "./dead-man/create-dead-man.ts";
export type { DeadMan } from "./dead-man/dead-man.ts";
export type * from "./events.ts";
export { type Copy, compareCopies, survivor } from "./guests/survivor-order.ts";
export type * from "./host.ts";
export * from "./messages.ts";
export * from "./placement/placement.ts";
export * from "./profile.ts";
export { isVoterCountAllowed, majority, recommendedVoters } from "./quorum.ts";
export type * from "./ready.ts";
export * from "./records.ts";
export * from "./time.ts";
export type * from "./words.ts";
