import { describe, expect, it } from "vitest";
import { fleetFindingCodes, fleetFindings } from "../../src/fleet/fleet-findings.ts";
import { guestPromise } from "../guest-promise.ts";

const fix = { policy: "fix", ifElapsedMinutes: 0, expireAfterMinutes: 1 } as const;
const down = { notOwnedState: "down" } as const;
const suspended = { notOwnedState: "suspended" } as const;

describe("what a fleet does not do", () => {
  it("is nothing for an ordinary policy", () => {
    expect(fleetFindings([guestPromise("web1", { action: fix })], down)).toEqual([]);
  });

  it("names each promise whose outcome defines classes, and the classes once", () => {
    const classes = { promise_repaired: ["web1_up", "any_up"], promise_kept: ["any_up"] };
    const [finding, ...more] = fleetFindings([guestPromise("web1", { classes }), guestPromise("web2")], down);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: "warning", code: "FLEET_OUTCOME_CLASSES" });
    expect(finding?.message).toMatch(/^guest web1 defines classes web1_up, any_up by its outcome/);
  });

  it.each(["create", "running"] as const)("names a suspended state of others once, for %s", (state) => {
    const promises = ["web1", "web2"].map((name) => guestPromise(name, { state, action: fix }));
    expect(fleetFindings(promises, suspended)).toMatchObject([{ code: "FLEET_NOT_OWNED_STATE", severity: "warning" }]);
    expect(fleetFindings(promises, down)).toEqual([]);
  });

  it.each(["suspended", "down", "delete"] as const)("leaves %s alone, which is the same on every host", (state) => {
    expect(fleetFindings([guestPromise("web1", { state, action: fix })], suspended)).toEqual([]);
  });

  it("has a code for each of its findings", () => {
    const promises = [guestPromise("web1", { action: fix, classes: { promise_kept: ["x"] } })];
    const codes = fleetFindings(promises, suspended).map(({ code }) => code);
    expect(new Set(codes)).toEqual(fleetFindingCodes);
  });
});
