import { noBallot } from "../ballot.ts";
import type { LateHost, Prepare, PrepareReply } from "../messages.ts";
import type { Now } from "../time.ts";
import type { GuestId, HostId } from "../words.ts";
import { fenceableInMs, fenceStands } from "./lease-view.ts";
import type { VoterParts } from "./parts.ts";

/**
 * PREPARE (section 3), for many guests under one ballot: persist each promise, return what was accepted. The answer also
 * says how this voter sees the lease of every owner in it, so that nobody is fenced who is merely unknown to the claimant.
 */
export function onPrepare(parts: VoterParts, prepare: Prepare, now: Now): Pick<PrepareReply, "results" | "owners"> {
  const owners = new Map<HostId, LateHost>();
  const results = prepare.guests.map((guest) => {
    const result = promise(parts, prepare, guest);
    const owner = result.value?.owner ?? null;
    if (owner !== null && result.value !== undefined) {
      const fenced = fenceStands(parts.state, parts.rules, owner, result.value.inc, now);
      const remainingMs = fenced ? 0 : fenceableInMs(parts.state, parts.rules, owner, now);
      owners.set(`${owner}/${result.value.inc}`, { host: owner, inc: result.value.inc, remainingMs });
    }
    return result;
  });
  return { results, owners: [...owners.values()] };
}

function promise(parts: VoterParts, prepare: Prepare, guest: GuestId): PrepareReply["results"][number] {
  const { state, rules, outbox } = parts;
  const register = state.registers.get(guest);
  const promised = register?.promised ?? noBallot;
  if (!rules.mayPromise(promised, prepare.ballot)) return { guest, rejectedBy: promised };
  const value = { ...register, promised: prepare.ballot };
  state.registers.set(guest, value);
  outbox.persist({ kind: "voter-register", guest, value });
  const { acceptedBallot, value: accepted } = value;
  return {
    guest,
    ...(acceptedBallot === undefined ? {} : { acceptedBallot }),
    ...(accepted === undefined ? {} : { value: accepted }),
  };
}
