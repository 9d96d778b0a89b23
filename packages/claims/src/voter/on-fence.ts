import type { Fence, FenceReply } from "../messages.ts";
import type { Now } from "../time.ts";
import type { HostId, KnownHost } from "../words.ts";
import { fenceableInMs, fenceStands, leaseView } from "./lease-view.ts";
import type { VoterParts } from "./parts.ts";

/**
 * FENCE (section 3): refused if the lease is live here, if this voter is in quarantine or held down; else the incarnation
 * is fenced durably and for ever. One FENCE covers every guest of the host.
 *
 * An incarnation older than the one known here is fenced already: its lease was over when the newer one came in, and it is
 * never granted again. The lease of the newer one, live as it may be, is no reason to refuse; or a host that has restarted
 * twice could never take over from itself where a voter had missed the incarnation in between (seed 4100).
 */
export function onFence(parts: VoterParts, from: HostId, fence: Fence, now: Now): FenceReply["verdict"] {
  const { state, rules, outbox } = parts;
  const known = state.hosts.get(fence.host);
  if (fenceStands(state, rules, fence.host, fence.inc, now)) return { kind: "ack" };
  if (fence.confirmedBy === undefined && !rules.mayFence(leaseView(state, rules, fence.host, now)))
    return { kind: "live", remainingMs: fenceableInMs(state, rules, fence.host, now) };
  if (known !== undefined && rules.isFenced(known, fence.inc)) return { kind: "ack" };
  const value: KnownHost = {
    inc: Math.max(known?.inc ?? 0, fence.inc),
    nonce: known?.nonce ?? "",
    fenced: Math.max(known?.fenced ?? 0, fence.inc),
  };
  state.hosts.set(fence.host, value);
  outbox.persist({ kind: "voter-host", host: fence.host, value });
  outbox.note({
    level: fence.confirmedBy === undefined ? "info" : "alarm",
    code: fence.confirmedBy === undefined ? "HOST_FENCED" : "HOST_CONFIRMED_DEAD",
    host: fence.host,
    text: `incarnation ${fence.inc} fenced for ${from}${fence.confirmedBy === undefined ? "" : `, vouched for by ${fence.confirmedBy}`}`,
  });
  return { kind: "ack" };
}
