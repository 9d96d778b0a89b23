import type { GossipPush, HostId, Renew } from "@berth/claims";

/** A renewal, as small as they come. */
export function renewal(attempt: number, fleet = "test"): Renew {
  return { kind: "renew", fleet, cfg: 1, life: 1, inc: 1, nonce: "n", attempt };
}

/** Gossip of one host about itself, recognisable by `seq`. */
export function push(origin: HostId, seq: number, entries = 1, padding = ""): GossipPush {
  return {
    kind: "gossip-push",
    fleet: "test",
    cfg: 1,
    entries: Array.from({ length: entries }, (_, index) => ({
      origin,
      life: 1,
      seq: seq + index,
      key: `${index}${padding}`,
      body: null,
    })),
  };
}
