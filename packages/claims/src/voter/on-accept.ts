import { noBallot } from "../ballot.ts";
import type { Accept, AcceptReply } from "../messages.ts";
import type { VoterParts } from "./parts.ts";

/**
 * ACCEPT (section 3), for many guests under one ballot: persist and acknowledge unless a higher ballot was promised. A
 * claim of an incarnation that is fenced here is refused as well: it could only ever be granted to a host that is gone.
 */
export function onAccept(parts: VoterParts, accept: Accept): AcceptReply["results"] {
  const { state, rules, outbox } = parts;
  return accept.values.map(({ guest, value }) => {
    const promised = state.registers.get(guest)?.promised ?? noBallot;
    if (!rules.mayAccept(promised, accept.ballot)) return { guest, rejectedBy: promised };
    const known = value.owner === null ? undefined : state.hosts.get(value.owner);
    if (!rules.acceptsOwner(known, value)) return { guest, fenced: true };
    const register = { promised: accept.ballot, acceptedBallot: accept.ballot, value };
    state.registers.set(guest, register);
    outbox.persist({ kind: "voter-register", guest, value: register });
    return { guest };
  });
}
