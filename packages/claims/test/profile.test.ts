import fc from "fast-check";
import { expect, test } from "vitest";
import { checkProfile, claimLeaseMs, grantMs, profiles } from "../src/profile.ts";
import type { Profile } from "../src/words.ts";

test.each([
  ["fast", 3_200],
  ["lan", 5_200],
  ["lan-watchdog", 10_200],
  ["standard", 18_200],
  ["wan", 45_300],
] as const)("D_A of %s is computed and close to the %i ms of the table", (name, tableMs) => {
  expect(checkProfile(profiles[name])).toEqual([]);
  expect(Math.abs(grantMs(profiles[name]) - tableMs)).toBeLessThanOrEqual(100);
});

const times = fc.record({
  fenceMs: fc.integer({ min: 1_000, max: 60_000 }),
  stopMs: fc.integer({ min: 500, max: 10_000 }),
  watchdogMs: fc.integer({ min: 0, max: 60_000 }),
  rho: fc.double({ min: 0, max: 0.05, noNaN: true }),
  hostRate: fc.double({ min: -1, max: 1, noNaN: true }),
  voterRate: fc.double({ min: -1, max: 1, noNaN: true }),
});

test("the slowest host is dead before the fastest voter lets anybody in, whatever the rates within rho", () => {
  fc.assert(
    fc.property(times, ({ fenceMs, stopMs, watchdogMs, rho, hostRate, voterRate }) => {
      const p: Profile = { ...profiles.lan, fenceMs, stopMs, watchdogMs, rho };
      const hostDeadMs = (fenceMs + stopMs + watchdogMs) / (1 + hostRate * rho);
      const voterEndMs = (grantMs(p) - p.clockResolutionMs - p.pollMs) / (1 + voterRate * rho);
      expect(voterEndMs).toBeGreaterThanOrEqual(hostDeadMs - 1e-6);
    }),
  );
});

test("a D_A that breaks the inequality is refused", () => {
  expect(checkProfile(profiles.lan, profiles.lan.fenceMs).map((f) => f.code)).toEqual(["PROFILE_GRANT_TOO_SHORT"]);
});

test("times that cannot work are refused, each by its name", () => {
  const codes = (change: Partial<Profile>) => checkProfile({ ...profiles.lan, ...change }).map((f) => f.code);
  expect(codes({ renewMs: 3_000 })).toEqual(["PROFILE_RENEW_TOO_SLOW"]);
  expect(codes({ killMs: 2_000 })).toEqual(["PROFILE_KILL_AFTER_STOP"]);
  expect(codes({ pollMs: 600 })).toEqual(["PROFILE_POLL_TOO_SLOW"]);
  expect(codes({ rho: 0.5 })).toEqual(["PROFILE_RHO"]);
  expect(codes({ fenceMs: Number.NaN })).toEqual(["PROFILE_NOT_FINITE"]);
  expect(codes({ watchdogMs: -1 })).toEqual(["PROFILE_NOT_FINITE"]);
});

test("a claim needs a quarter of the lease, so that every profile has room between two renewals", () => {
  for (const p of Object.values(profiles)) expect(p.fenceMs - p.renewMs).toBeGreaterThan(claimLeaseMs(p));
});
