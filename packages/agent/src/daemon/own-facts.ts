import { availableParallelism, totalmem } from "node:os";
import type { Configuration } from "@berth/claims";
import type { HostFactsNotice } from "../ports/agent-notice.ts";
import type { MemberStatus } from "../ports/peer-network.ts";
import { release } from "./release.ts";

/** What goes into a host's word about itself. */
export interface OwnFactsSources {
  readonly config: Configuration;
  readonly policyDigest: string;
  readonly policyProblem: string | undefined;
  readonly degraded: readonly string[];
  readonly hypervisors: HostFactsNotice["hypervisors"];
  readonly peers: readonly MemberStatus[];
}

/** What the wire takes of one text, in characters. */
const textMost = 1_000;

/** This host's word about itself. */
export function ownFacts(sources: OwnFactsSources): HostFactsNotice {
  const { config, policyDigest, policyProblem, degraded, hypervisors, peers } = sources;
  return {
    release,
    policyDigest,
    ...(policyProblem === undefined ? {} : { policyProblem: policyProblem.slice(0, textMost) }),
    configNumber: config.number,
    profile: config.profile.name,
    degraded: degraded.slice(0, 64).map((text) => text.slice(0, textMost)),
    cpus: availableParallelism(),
    memoryKib: Math.floor(totalmem() / 1024),
    hypervisors,
    wallClockMs: Date.now(),
    hears: peers.map(({ member, state, heardAgeMs }) => ({
      host: member.hostId,
      up: state === "up",
      ...(heardAgeMs === undefined ? {} : { heardAgeMs }),
    })),
  };
}
