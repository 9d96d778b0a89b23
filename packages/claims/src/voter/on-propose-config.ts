import type { ProposeConfig, ProposeConfigReply } from "../messages.ts";
import type { VoterParts } from "./parts.ts";

/**
 * Section 7 (4): configuration C+1 is itself one register on the old voters, so two competing changes cannot both win. A
 * sealed voter still answers: that is how a second coordinator finds out what was chosen and completes it.
 */
export function onProposeConfig(parts: VoterParts, request: ProposeConfig): ProposeConfigReply | undefined {
  const { state, rules, outbox } = parts;
  if (state.activeCfg !== request.cfg) return undefined;
  const { fleet, cfg, life, phase, ballot } = request;
  const head = { kind: "propose-config-reply", fleet, cfg, life, voter: state.disk, phase, ballot } as const;
  const allowed = phase === "prepare" ? rules.mayPromise : rules.mayAccept;
  if (!allowed(state.next.promised, ballot)) return { ...head, rejectedBy: state.next.promised };
  if (phase === "accept" && request.next !== undefined)
    state.next = { promised: ballot, acceptedBallot: ballot, next: request.next };
  else state.next = { ...state.next, promised: ballot };
  outbox.persist({ kind: "voter-next", value: state.next });
  const { acceptedBallot, next } = state.next;
  return {
    ...head,
    ...(acceptedBallot === undefined ? {} : { acceptedBallot }),
    ...(next === undefined ? {} : { next }),
  };
}
