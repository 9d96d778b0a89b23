import type { Act, DurableRecord, Host, HostEvent, Message, Ready } from "@berth/claims";
import { describe, expect, test } from "vitest";
import { type LoopComponents, ProtocolLoop } from "../../src/daemon/protocol-loop.ts";

const record = (guest: string): DurableRecord => ({ kind: "adopting", guest, value: true });
const message = (life: number) => ({ kind: "renew", life }) as unknown as Message;
const act = (guest: string): Act => ({ id: 1, guest, kind: "suspend", why: "test" });
const feed = { bootId: "b", deadline: { bootMs: 0, monoMs: 0 }, killMs: 1, stopMs: 1, pollMs: 1, guests: [] };
const nothing: Ready = { persist: [], send: [], act: [], notes: [] };

/** A machine that gives out prepared batches, one for each event, and a log of everything that is done. */
function loopOver(batches: readonly Partial<Ready>[], change: Partial<LoopComponents> = {}) {
  const done: string[] = [];
  const events: HostEvent[] = [];
  const failures: unknown[] = [];
  const writes: PromiseWithResolvers<void>[] = [];
  const rest = [...batches];
  const machine = {
    step: (event: HostEvent) => void events.push(event),
    takeReady: () => ({ ...nothing, ...rest.shift() }),
  } as unknown as Host;
  const loop = new ProtocolLoop(
    {
      machine,
      clock: { now: () => ({ bootMs: 0, monoMs: 0 }) },
      store: {
        put: (records) => {
          const write = Promise.withResolvers<void>();
          writes.push(write);
          done.push(`write ${records.length}`);
          return write.promise;
        },
      },
      link: { writeFeed: () => void done.push("feed") },
      network: {
        self: "h1",
        send: (to) => {
          done.push(`send ${to}`);
          return { kind: "queued" };
        },
        broadcast: () => {
          done.push("broadcast");
          return { kind: "queued" };
        },
      },
      ...change,
    },
    {
      act: ({ kind, guest }) => void done.push(`${kind} ${guest}`),
      note: () => {},
      stored: (records) => void done.push(`stored ${records.length}`),
      failed: (error) => void failures.push(error),
    },
  );
  return { loop, done, events, failures, writes };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("the protocol loop", () => {
  test("carries a batch out in order: disk, dead-man, messages, acts", async () => {
    const batch = { persist: [record("a")], feed, send: [{ to: "h2", message: message(1) }], act: [act("a")] };
    const { loop, done, writes } = loopOver([batch]);
    loop.handle({ kind: "wake" });
    expect(done).toEqual(["write 1"]);
    writes[0]?.resolve();
    await settled();
    expect(done).toEqual(["write 1", "stored 1", "feed", "send h2", "suspend a"]);
    await loop.freeze();
  });

  test("holds back a later batch until an earlier one is on the disk, and hands both writes over at once", async () => {
    const { loop, done, writes } = loopOver([
      { persist: [record("a")], send: [{ to: "h2", message: message(1) }] },
      { persist: [record("b")], send: [{ to: "h3", message: message(1) }] },
      { send: [{ to: "*", message: message(1) }] },
    ]);
    for (let event = 0; event < 3; event += 1) loop.handle({ kind: "wake" });
    expect(done).toEqual(["write 1", "write 1"]);
    writes[1]?.resolve();
    await settled();
    expect(done).toEqual(["write 1", "write 1"]);
    writes[0]?.resolve();
    await settled();
    expect(done.slice(2)).toEqual(["stored 1", "send h2", "stored 1", "send h3", "broadcast"]);
    await loop.freeze();
  });

  test("lets votes overtake gossip, and sends what waits when it is frozen", async () => {
    const push = { kind: "gossip-push", entries: [{ origin: "h1", key: "host" }] } as unknown as Message;
    const { loop, done } = loopOver([
      { send: [{ to: "*", message: push }] },
      { send: [{ to: "h2", message: message(1) }] },
    ]);
    loop.handle({ kind: "wake" });
    loop.handle({ kind: "wake" });
    expect(done).toEqual(["send h2"]);
    await loop.freeze();
    expect(done).toEqual(["send h2", "broadcast"]);
  });

  test("ends at a failed write, and nothing of that batch or a later one is sent or done", async () => {
    const { loop, done, events, failures, writes } = loopOver([
      { persist: [record("a")], feed, send: [{ to: "h2", message: message(1) }], act: [act("a")] },
      { send: [{ to: "*", message: message(1) }] },
    ]);
    loop.handle({ kind: "wake" });
    loop.handle({ kind: "wake" });
    writes[0]?.reject(new Error("disk full"));
    await settled();
    expect(done).toEqual(["write 1"]);
    expect(failures).toMatchObject([{ message: "disk full" }]);
    loop.handle({ kind: "wake" });
    expect(events).toHaveLength(2);
  });

  test("ends when a clock cannot be used", () => {
    const unusable = new Error("a clock went backwards");
    const clock = {
      now: () => {
        throw unusable;
      },
    };
    const { loop, events, failures } = loopOver([], { clock });
    loop.handle({ kind: "wake" });
    expect(failures).toEqual([unusable]);
    expect(events).toEqual([]);
  });

  test("delivers what is meant for this host itself in a later turn", async () => {
    const { loop, done, events } = loopOver([
      {
        send: [
          { to: "h1", message: message(7) },
          { to: "h2", message: message(7) },
        ],
      },
    ]);
    loop.handle({ kind: "wake" });
    expect(done).toEqual(["send h2"]);
    await settled();
    expect(events[1]).toEqual({ kind: "message", from: "h1", message: message(7) });
    await loop.freeze();
  });

  test("frozen, takes nothing more and waits for the write under way", async () => {
    const { loop, done, events, writes } = loopOver([
      { persist: [record("a")], send: [{ to: "h2", message: message(1) }] },
    ]);
    loop.handle({ kind: "wake" });
    let isFrozen = false;
    const freezing = loop.freeze().then(() => {
      isFrozen = true;
    });
    loop.handle({ kind: "wake" });
    await settled();
    expect(isFrozen).toBe(false);
    writes[0]?.resolve();
    await freezing;
    expect(done).not.toContain("send h2");
    expect(events).toHaveLength(1);
  });
});
