import type { Renew, RenewReply } from "../messages.ts";
import { after, type Now } from "../time.ts";
import type { Configuration, HostId, KnownHost } from "../words.ts";
import { noteHeard } from "./hold-down.ts";
import { fenceableInMs, leaseView } from "./lease-view.ts";
import type { VoterParts } from "./parts.ts";

/**
 * RENEW (section 3). In this order: fenced or older than known is `fenced`; same incarnation with another nonce is a
 * `clone`; a newer incarnation waits for the old lease, is then persisted and fences the old one; else the lease runs
 * D_A from now.
 */
export function onRenew(
  parts: VoterParts,
  config: Configuration,
  from: HostId,
  renew: Renew,
  now: Now,
): RenewReply["verdict"] {
  const { state, rules, outbox } = parts;
  noteHeard(state, parts, config, from, now);
  const known = state.hosts.get(from);
  if (known !== undefined && rules.refusesRenewal(known, renew.inc))
    return { kind: "fenced", fenced: Math.max(known.fenced, known.inc - 1) };
  if (known !== undefined && rules.isClone(known, renew.inc, renew.nonce)) {
    outbox.note({ level: "alarm", code: "HOST_CLONED", host: from, text: `two machines call themselves ${from}` });
    return { kind: "clone" };
  }
  if (known === undefined || renew.inc > known.inc) {
    const advanced = advance(parts, from, known, renew, now);
    if (advanced !== undefined) return advanced;
  }
  state.leases.set(from, { inc: renew.inc, expires: after(now, rules.grantMs(config.profile)) });
  return { kind: "ack" };
}

/** A newer incarnation: only if the old lease is not live here. Durable, and the old one is fenced by it. */
function advance(
  parts: VoterParts,
  from: HostId,
  known: KnownHost | undefined,
  renew: Renew,
  now: Now,
): RenewReply["verdict"] | undefined {
  const { state, rules, outbox } = parts;
  if (known !== undefined && !rules.mayAdvance(leaseView(state, rules, from, now)))
    return { kind: "wait", remainingMs: fenceableInMs(state, rules, from, now) };
  const fenced = Math.max(known?.fenced ?? 0, known?.inc ?? 0);
  const value: KnownHost = { inc: renew.inc, nonce: renew.nonce, fenced };
  state.hosts.set(from, value);
  outbox.persist({ kind: "voter-host", host: from, value });
  return undefined;
}
