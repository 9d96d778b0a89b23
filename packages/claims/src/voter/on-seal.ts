import type { Seal, SealReply } from "../messages.ts";
import type { VoterParts } from "./parts.ts";

/**
 * Section 7 (1): from here on this voter grants, promises, accepts and fences nothing for its configuration; its answers
 * name C+1. A seal is sent only for a chosen configuration, so a second one can only be the same.
 */
export function onSeal(parts: VoterParts, request: Seal): SealReply | undefined {
  const { state, outbox } = parts;
  if (state.activeCfg === undefined || state.activeCfg !== request.cfg) return undefined;
  if (request.next.number !== state.activeCfg + 1) return undefined;
  if (state.sealed === undefined) {
    state.sealed = request.next;
    outbox.persist({ kind: "voter-sealed", value: request.next });
    outbox.note({ level: "info", code: "VOTER_SEALED", text: `sealed for configuration ${request.next.number}` });
  }
  const { fleet, cfg, life } = request;
  return { kind: "seal-reply", fleet, cfg, life, voter: state.disk, sealed: true };
}
