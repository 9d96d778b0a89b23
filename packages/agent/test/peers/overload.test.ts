/** What a host does with peers that take long because they, or it, are short of time: it asks for less, not for more. */
import type { Connection } from "@libp2p/interface";
import { describe, expect, it } from "vitest";
import { AwakeClock } from "../../src/peers/awake-clock.ts";
import { Dialler, type DiallerParts } from "../../src/peers/dialler.ts";
import { PeerTally } from "../../src/peers/peer-tally.ts";
import { StreamGuard } from "../../src/peers/stream-guard.ts";
import type { Member } from "../../src/ports/peer-network.ts";

const peerId = "12D3KooWRSUeP2tpn8p6p6E9bL8Azsm1eY1CgvtX1ukGVTWaJPT1";
const member: Member = {
  hostId: "h1",
  peerId,
  addresses: ["/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1"],
  role: "voter",
};
const tickMs = 100;

/** A host whose dials are answered by nobody, and its clock. */
function diallingHost() {
  let readMs = 0;
  const clock = new AwakeClock(tickMs, () => readMs);
  const dials: { readonly atMs: number; readonly addresses: number; endedMs?: number }[] = [];
  const dial = (addresses: readonly unknown[], { signal }: { signal: AbortSignal }) =>
    new Promise<Connection>((_, reject) => {
      const made: (typeof dials)[number] = { atMs: readMs, addresses: addresses.length };
      dials.push(made);
      signal.addEventListener("abort", () => {
        made.endedMs = readMs;
        reject(signal.reason);
      });
    });
  const parts = {
    node: { dial },
    links: { get: () => undefined },
    tally: new PeerTally(() => {}),
    clock,
    isDialled: () => true,
    addressesOf: ({ addresses }: Member) => addresses,
    diagnose: async () => undefined,
  } as unknown as DiallerParts;
  const dialler = new Dialler(parts);
  /** Lets time pass, in ticks of this length. */
  const pass = async (ms: number, everyMs = tickMs) => {
    for (const endMs = readMs + ms; readMs < endMs; ) {
      readMs += everyMs;
      clock.tick();
      dialler.tick([member]);
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { dialler, dials, pass };
}

describe("a dial that something answers and nobody goes on with", () => {
  it("is given twice the time after each, to one address at a time, so that overloaded hosts meet in the end", async () => {
    const { dials, pass } = diallingHost();
    await pass(70_000);
    const tookMs = dials.flatMap(({ atMs, endedMs }) => (endedMs === undefined ? [] : [endedMs - atMs]));
    expect(tookMs.slice(0, 5)).toEqual([2_100, 4_100, 8_100, 16_100, 16_100]);
    expect(dials.slice(0, 4).map(({ addresses }) => addresses)).toEqual([2, 1, 1, 1]);
  });

  it("is given its usual time again once the peer was there", async () => {
    const { dialler, dials, pass } = diallingHost();
    await pass(12_000);
    dialler.succeeded("h1");
    const before = dials.length;
    await pass(30_000);
    // The dial that was under way counts as the first one.
    expect((dials[before]?.endedMs ?? 0) - (dials[before]?.atMs ?? 0)).toBe(4_100);
  });

  it("is not given up for what this host itself was late by", async () => {
    const { dials, pass } = diallingHost();
    await pass(100);
    await pass(9_000, 3_000);
    expect(dials).toEqual([{ atMs: 100, addresses: 2 }]);
    await pass(2_000);
    expect(dials[0]?.endedMs).toBeLessThan(11_100);
  });
});

describe("a connected peer without all its streams", () => {
  it("is cut and gets twice as long after each time, until it was whole", async () => {
    const cuts: number[] = [];
    let isWhole = false;
    let nowMs = 0;
    const connection = { abort: () => cuts.push(nowMs) } as unknown as Connection;
    const guard = new StreamGuard({
      tally: new PeerTally(() => {}),
      negotiationMs: 2_000,
      connections: () => [connection],
      lackOf: () => (isWhole ? undefined : "a gossip stream from it"),
      reopen: () => false,
      diagnose: async () => undefined,
    });
    const pass = async (ms: number) => {
      for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 500) {
        guard.look([member], nowMs);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await pass(100_000);
    const pauses = cuts.map((atMs, index) => atMs - (cuts[index - 1] ?? 0));
    expect(pauses.slice(0, 5)).toEqual([3_500, 6_500, 12_500, 24_500, 32_500]);
    isWhole = true;
    await pass(500);
    isWhole = false;
    cuts.length = 0;
    const wholeMs = nowMs - 500;
    await pass(8_000);
    expect(cuts.map((atMs) => atMs - wholeMs).slice(0, 2)).toEqual([1_500, 5_000]);
  });

  it("is asked for its gossip once more over the connection that stands, before it is cut", async () => {
    const done: string[] = [];
    const guard = new StreamGuard({
      tally: new PeerTally(() => {}),
      negotiationMs: 2_000,
      connections: () => [{ abort: () => done.push("cut") } as unknown as Connection],
      lackOf: () => "a gossip stream to it",
      reopen: () => done.push("asked again") > 0,
      diagnose: async () => undefined,
    });
    for (let nowMs = 0; nowMs <= 7_000; nowMs += 500) {
      guard.look([member], nowMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(done).toEqual(["asked again", "cut"]);
  });
});
