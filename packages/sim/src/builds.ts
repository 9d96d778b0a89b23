import { createDeadMan, createHost, type DeadMan, type Host, type HostInit } from "@berth/claims";

/** What the simulator needs of a dead-man: a mutant may be something else altogether. */
export type DeadManCore = Pick<DeadMan, "step" | "takeReady">;

/** The two machines under test, as made. A mutant is another pair of makers. */
export interface Builds {
  readonly host: (init: HostInit) => Host;
  readonly deadMan: () => DeadManCore;
}

/** What a careless driver does wrong; all off in the product's loop, each one a mutant. */
export interface LoopFlaws {
  /** Sends and acts before the disk has synced. */
  readonly sendsBeforePersist?: boolean;
  /** Begins a resume whose time has passed. */
  readonly ignoresNotAfter?: boolean;
  /** Begins the acts of a batch before the dead-man's file says what they do; the file follows when it can. */
  readonly actsBeforeFeed?: boolean;
}

/** The protocol as the product runs it. */
export const productionBuilds: Builds = { host: createHost, deadMan: createDeadMan };
