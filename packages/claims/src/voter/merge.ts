/** Two memories of one thing become one: the higher ballot, the newer incarnation, every fence. */
import { compareBallots, noBallot } from "../ballot.ts";
import type { KnownHost, Register } from "../words.ts";

/** What two voters know of one host: nothing that either has fenced is forgotten. */
export function mergeHost(a: KnownHost | undefined, b: KnownHost): KnownHost {
  if (a === undefined) return b;
  const newer = a.inc > b.inc || (a.inc === b.inc && a.nonce !== "") ? a : b;
  return { inc: newer.inc, nonce: newer.nonce, fenced: Math.max(a.fenced, b.fenced) };
}

/** Two acceptor states of one register: highest promise, value of the highest accepted ballot. */
export function mergeRegister(a: Register | undefined, b: Register): Register {
  if (a === undefined) return b;
  const promised = compareBallots(a.promised, b.promised) >= 0 ? a.promised : b.promised;
  const accepted = compareBallots(a.acceptedBallot ?? noBallot, b.acceptedBallot ?? noBallot) >= 0 ? a : b;
  if (accepted.acceptedBallot === undefined || accepted.value === undefined) return { promised };
  return { promised, acceptedBallot: accepted.acceptedBallot, value: accepted.value };
}
