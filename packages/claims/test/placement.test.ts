import fc from "fast-check";
import { expect, test } from "vitest";
import { type Copy, compareCopies, survivor } from "../src/guests/survivor-order.ts";
import { type Candidate, loadBound, placementOrder, rankOf } from "../src/placement/placement.ts";
import { rendezvousScore } from "../src/placement/rendezvous.ts";

const candidate = (host: string, change: Partial<Candidate> = {}): Candidate => ({
  host,
  weight: 1,
  load: 0,
  memoryFreeKib: 1_000_000,
  ...change,
});
const hosts = ["h1", "h2", "h3", "h4", "h5"].map((h) => candidate(h));
const placed = (guest: string, guestsTotal = 100) => ({ guest, memoryKib: 1_000, guestsTotal });

test("every host computes the same order, whatever the order in which it knows the hosts", () => {
  fc.assert(
    fc.property(fc.string(), fc.shuffledSubarray(hosts, { minLength: 5 }), (guest, shuffled) => {
      expect(placementOrder(placed(guest), shuffled)).toEqual(placementOrder(placed(guest), hosts));
    }),
  );
});

test("a host that leaves moves only its own guests", () => {
  for (let i = 0; i < 200; i += 1) {
    const all = placementOrder(placed(`g${i}`), hosts);
    const without = placementOrder(
      placed(`g${i}`),
      hosts.filter((h) => h.host !== "h3"),
    );
    expect(without).toEqual(all.filter((h) => h !== "h3"));
  }
});

test("guests spread by weight", () => {
  const weighted = [candidate("h1", { weight: 1 }), candidate("h2", { weight: 3 })];
  let second = 0;
  for (let i = 0; i < 4_000; i += 1) if (placementOrder(placed(`g${i}`, 100_000), weighted)[0] === "h2") second += 1;
  expect(second / 4_000).toBeGreaterThan(0.71);
  expect(second / 4_000).toBeLessThan(0.79);
});

test("a host that has more than 1.25 times its share goes to the back", () => {
  const order = placementOrder(placed("g", 10), hosts);
  const first = order[0] ?? "";
  const loaded = hosts.map((h) => (h.host === first ? { ...h, load: 3 } : h));
  expect(loadBound(candidate(first), loaded, 10)).toBe(3);
  expect(placementOrder(placed("g", 10), loaded).at(-1)).toBe(first);
});

test("a host without enough memory is not asked at all, and the rest keep their order", () => {
  const small = hosts.map((h) => (h.host === "h2" ? { ...h, memoryFreeKib: 10 } : h));
  expect(rankOf("h2", placed("g"), small)).toBeUndefined();
  expect(placementOrder(placed("g"), small)).toEqual(placementOrder(placed("g"), hosts).filter((h) => h !== "h2"));
});

test("a host of weight 0 comes last", () => {
  const parked = hosts.map((h) => (h.host === "h4" ? { ...h, weight: 0 } : h));
  for (let i = 0; i < 20; i += 1) expect(placementOrder(placed(`g${i}`), parked).at(-1)).toBe("h4");
});

test("10,000 guests on 10 hosts: the busiest host has less than 1.25 times its share", () => {
  const loads = new Map(Array.from({ length: 10 }, (_, i) => [`h${i}`, 0]));
  for (let i = 0; i < 10_000; i += 1) {
    const now = [...loads].map(([host, load]) => candidate(host, { load }));
    const first = placementOrder(placed(`g${i}`, 10_000), now)[0] ?? "";
    loads.set(first, (loads.get(first) ?? 0) + 1);
  }
  expect(Math.max(...loads.values())).toBeLessThanOrEqual(1_250);
});

const copy: fc.Arbitrary<Copy> = fc.record({
  host: fc.constantFrom("h1", "h2", "h3", "h4"),
  holdsClaim: fc.boolean(),
  classMatch: fc.boolean(),
  startedAtMs: fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY),
  epoch: fc.integer({ min: 0, max: 3 }),
});
const keep = fc.constantFrom("longest_running" as const, "newest_epoch" as const);

test("the survivor order is total: every host that sees the same copies keeps the same one", () => {
  fc.assert(
    fc.property(keep, fc.uniqueArray(copy, { selector: (c) => c.host, minLength: 1 }), fc.nat(), (k, copies, seed) => {
      const rotated = copies
        .map((_, i) => copies[(i + seed) % copies.length] ?? copies[0])
        .filter((c) => c !== undefined);
      expect(survivor("g", k, rotated)).toBe(survivor("g", k, copies));
    }),
  );
});

test("the survivor order is transitive", () => {
  fc.assert(
    fc.property(keep, copy, copy, copy, (k, a, b, c) => {
      if (compareCopies("g", k, a, b) <= 0 && compareCopies("g", k, b, c) <= 0)
        expect(compareCopies("g", k, a, c)).toBeLessThanOrEqual(0);
    }),
  );
});

test("claim beats class, class beats age, age beats score", () => {
  const a: Copy = { host: "h1", holdsClaim: true, classMatch: false, startedAtMs: 9, epoch: 0 };
  const b: Copy = { host: "h2", holdsClaim: false, classMatch: true, startedAtMs: 8, epoch: 5 };
  const c: Copy = { host: "h3", holdsClaim: false, classMatch: false, startedAtMs: 1, epoch: 9 };
  expect(survivor("g", "longest_running", [a, b, c])).toBe(a);
  expect(survivor("g", "longest_running", [b, c])).toBe(b);
  const older = { ...b, host: "h4", startedAtMs: 7 };
  expect(survivor("g", "longest_running", [b, older])).toBe(older);
  expect(survivor("g", "newest_epoch", [{ ...b, epoch: 6 }, older])).toMatchObject({ host: "h2" });
  const twin = { ...b, host: "h5" };
  const better = rendezvousScore("h2", "g", 1) > rendezvousScore("h5", "g", 1) ? b : twin;
  expect(survivor("g", "longest_running", [b, twin])).toBe(better);
});
