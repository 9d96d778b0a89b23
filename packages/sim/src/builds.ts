import { createDeadMan, createHost, type DeadMan, type Host, type HostInit } from "@berth/claims";

/** The two machines under test, as made. A mutant is another pair of makers. */
export interface Builds {
  readonly host: (init: HostInit) => Host;
  readonly deadMan: () => DeadMan;
}

export const productionBuilds: Builds = { host: createHost, deadMan: createDeadMan };
