import { entriesPerMessage, type GossipEntry, type GossipPush } from "@berth/claims";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GossipHold, gossipHoldMostMs, gossipHoldMs } from "../../src/daemon/gossip-hold.ts";

const entry = (key: string, seq: number): GossipEntry => ({ origin: "h1", life: 1, seq, key, body: null });
const push = (entries: readonly GossipEntry[], cfg = 1): GossipPush => {
  return { kind: "gossip-push", fleet: "f", cfg, entries };
};

/** What a hold has published: configuration, and each entry as `key number`. */
function holdWithLog() {
  const published: { readonly cfg: number; readonly entries: readonly string[] }[] = [];
  const hold = new GossipHold(({ cfg, entries }) => {
    published.push({ cfg, entries: entries.map(({ key, seq }) => `${key} ${seq}`) });
  });
  return { hold, published };
}

describe("gossip that waits a moment", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is published once for everything that was said meanwhile, with the newest word of each key", () => {
    const { hold, published } = holdWithLog();
    hold.take(push([entry("guest/web1", 1)]));
    hold.take(push([entry("guest/web2", 2)]));
    hold.take(push([entry("guest/web1", 3)]));
    expect(published).toEqual([]);
    vi.advanceTimersByTime(gossipHoldMs);
    expect(published).toEqual([{ cfg: 1, entries: ["guest/web2 2", "guest/web1 3"] }]);
    vi.advanceTimersByTime(10 * gossipHoldMs);
    expect(published).toHaveLength(1);
  });

  it("does not wait longer because more is said", () => {
    const { hold, published } = holdWithLog();
    for (let seq = 1; seq <= 4; seq += 1) {
      hold.take(push([entry("host", seq)]));
      vi.advanceTimersByTime(gossipHoldMs / 2);
    }
    expect(published.map(({ entries }) => entries)).toEqual([["host 2"], ["host 4"]]);
  });

  it("speaks of the host last, as each of its pushes does", () => {
    const { hold, published } = holdWithLog();
    hold.take(push([entry("guest/web1", 1), entry("host", 2)]));
    hold.take(push([entry("guest/web2", 3), entry("host", 4)]));
    hold.flush();
    expect(published[0]?.entries).toEqual(["guest/web1 1", "guest/web2 3", "host 4"]);
  });

  it("leaves in as many messages as it needs, under the newest configuration", () => {
    const { hold, published } = holdWithLog();
    const many = Array.from({ length: entriesPerMessage }, (_, index) => entry(`guest/g${index}`, index));
    hold.take(push(many));
    hold.take(push([entry("host", 100)]));
    hold.take(push([entry("guest/g0", 101)], 2));
    expect(published).toEqual([]);
    hold.flush();
    expect(published.map(({ cfg, entries }) => [cfg, entries.length])).toEqual([
      [2, entriesPerMessage],
      [2, 1],
    ]);
    expect(published[1]?.entries).toEqual(["guest/g0 101"]);
  });

  it("waits longer on a host whose timers come late, and as long as before once they no longer do", () => {
    let nowMs = 0;
    const publish = vi.fn();
    const hold = new GossipHold(publish, () => nowMs);
    /** News whose timer comes late by `byMs`. @returns how long it waited, lateness apart */
    const heldMs = (byMs: number) => {
      publish.mockClear();
      hold.take(push([entry("host", 1)]));
      for (let ms = 1; ; ms += 1) {
        nowMs += 1;
        if (vi.getTimerCount() === 0) throw new Error("nothing waits");
        // The clock is ahead by the lateness when the timer comes, and only then.
        nowMs += byMs;
        vi.advanceTimersByTime(1);
        nowMs -= byMs;
        if (publish.mock.calls.length > 0) return ms;
      }
    };
    expect(heldMs(0)).toBe(gossipHoldMs);
    expect(heldMs(20)).toBe(gossipHoldMs);
    expect(heldMs(60)).toBe(gossipHoldMs);
    expect(heldMs(700)).toBe(600);
    expect(heldMs(0)).toBe(gossipHoldMostMs);
    const calmer = Array.from({ length: 9 }, () => heldMs(0));
    expect(calmer.slice(0, 3)).toEqual([1_000, 500, 250]);
    expect(calmer.at(-1)).toBe(gossipHoldMs);
  });

  it("publishes nothing when nothing waits", () => {
    const { hold, published } = holdWithLog();
    hold.flush();
    vi.advanceTimersByTime(10 * gossipHoldMs);
    expect(published).toEqual([]);
  });
});
