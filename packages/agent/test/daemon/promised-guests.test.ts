import type { PromisedGuest } from "@berth/claims";
import type { GuestPromise } from "@berth/model";
import { describe, expect, test } from "vitest";
import { defaultAgentConfig } from "../../src/config/agent-config.ts";
import { promisedGuests, type RuleSources } from "../../src/daemon/promised-guests.ts";
import { guestPromise } from "../guest-promise.ts";

const fix = { policy: "fix", ifElapsedMinutes: 0, expireAfterMinutes: 1 } as const;
const means = { reachable: true, definable: true, uuid: "u", memoryKib: 1024 };

function mapped(promise: GuestPromise, rules: Partial<RuleSources> = {}, differences: Partial<typeof means> = {}) {
  const all = { ...defaultAgentConfig(), shutdownTimeoutMs: 300_000, ...rules };
  return promisedGuests([promise], all, () => ({ ...means, ...differences }));
}

function only(promise: GuestPromise, rules: Partial<RuleSources> = {}, differences = {}): PromisedGuest | undefined {
  return mapped(promise, rules, differences).guests[0];
}

describe("what is promised, in the protocol's words", () => {
  test.each([
    ["create", "running"],
    ["running", "running"],
    ["suspended", "suspended"],
    ["down", "down"],
    ["delete", "down"],
  ] as const)("a guest in state %s is wanted %s", (state, wanted) => {
    expect(only(guestPromise("web1", { state, action: fix }))?.wanted).toBe(wanted);
  });

  test("a host is eligible only where the class holds, a definition can be had and the guest can be reached", () => {
    const here = guestPromise("web1", { action: fix });
    expect(only(here)).toMatchObject({ classMatch: true, eligible: true, uuid: "u", memoryKib: 1024 });
    expect(only({ ...here, hostHolds: false })).toMatchObject({ classMatch: false, eligible: false });
    expect(only(here, {}, { reachable: false })).toMatchObject({ classMatch: true, eligible: false });
    expect(only(here, {}, { definable: false })).toMatchObject({ classMatch: true, eligible: false });
  });

  test("hosts compare where a guest may run by the text of its class", () => {
    expect(only(guestPromise("web1", { hostClass: "rack_a|rack_b", action: fix }))?.placementKey).toBe("rack_a|rack_b");
  });

  test("a guest has as long to shut down as the configuration says", () => {
    expect(only(guestPromise("web1", { action: fix }))?.shutdownMs).toBe(300_000);
  });

  test("a promise that is only to warn, or to do nothing, is not handed over", () => {
    for (const policy of ["warn", "nop"] as const)
      expect(mapped(guestPromise("web1", { action: { ...fix, policy } })).guests).toEqual([]);
  });

  test("protection comes from the fleet's defaults, then from the exceptions by name, then from the promise", () => {
    const rules: Partial<RuleSources> = {
      guestDefaults: { mode: "quorum", onIsolated: { kind: "down" }, keep: "longest_running" },
      guestRules: { web1: { keep: "newest_epoch", onIsolated: { kind: "pause" } } },
    };
    expect(only(guestPromise("other", { action: fix }), rules)).toMatchObject({ onIsolated: { kind: "down" } });
    expect(only(guestPromise("web1", { action: fix }), rules)).toMatchObject({
      mode: "quorum",
      onIsolated: { kind: "pause" },
      keep: "newest_epoch",
    });
    const meta = ["mode=gossip", "on_isolated=pause_then_down:60", "keep=longest_running", "owner=the web team"];
    expect(mapped(guestPromise("web1", { action: fix, meta }), rules)).toMatchObject({
      guests: [{ mode: "gossip", onIsolated: { kind: "pause-then-down", afterMs: 60_000 }, keep: "longest_running" }],
      diagnostics: [],
    });
  });

  test.each([
    ["mode=both", "mode is quorum or gossip"],
    ["keep=oldest", "keep is longest_running or newest_epoch"],
    ["on_isolated=pause_then_down", "on_isolated is pause, down"],
    ["on_isolated=run", "on_isolated=run needs mode=gossip"],
  ])("meta %s is a finding with its place, and leaves the guest its protection", (entry, message) => {
    const position = { file: "fleet.cf", line: 7, column: 3 };
    const { guests, diagnostics } = mapped(guestPromise("web1", { action: fix, meta: [entry], position }));
    expect(guests).toMatchObject([{ mode: "quorum", onIsolated: { kind: "pause" }, keep: "longest_running" }]);
    expect(diagnostics).toMatchObject([{ severity: "warning", code: "META_RULE_INVALID", position }]);
    expect(diagnostics[0]?.message).toContain(message);
  });

  test("a guest in gossip mode may run on in isolation", () => {
    const { guests, diagnostics } = mapped(
      guestPromise("web1", { action: fix, meta: ["on_isolated=run", "mode=gossip"] }),
    );
    expect(guests).toMatchObject([{ mode: "gossip", onIsolated: { kind: "run" } }]);
    expect(diagnostics).toEqual([]);
  });
});
