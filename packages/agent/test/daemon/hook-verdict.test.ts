import type { GuestView } from "@berth/claims";
import { describe, expect, test } from "vitest";
import { type HookQuestion, hookVerdict } from "../../src/daemon/hook-verdict.ts";
import { guestPromise } from "../guest-promise.ts";

const claim = (owner: string | null) => ({ owner, inc: 1, epoch: 3, runId: "r" });
const view = (differences: Partial<GuestView>): GuestView => ({
  guest: "web1",
  phase: "idle",
  owned: false,
  reason: "",
  ...differences,
});
const promise = guestPromise("web1", { action: { policy: "fix", ifElapsedMinutes: 0, expireAfterMinutes: 1 } });

function verdict(differences: Partial<HookQuestion>): string {
  const result = hookVerdict({
    ...{ guest: "web1", self: "h1", promise, view: undefined, isOwnStart: false, leased: true },
    ...{ policyKnown: true, promisedBefore: false },
    ...differences,
  });
  return result.kind === "allowed" ? "allowed" : result.sentence;
}

describe("a start that libvirt asks about", () => {
  test("is allowed for a guest that nobody promised", () => {
    expect(verdict({ promise: undefined })).toBe("allowed");
  });

  test("is allowed for a guest whose promise is only to warn", () => {
    expect(verdict({ promise: { ...promise, action: { ...promise.action, policy: "warn" } } })).toBe("allowed");
  });

  test("is allowed where it is the agent's own", () => {
    expect(verdict({ isOwnStart: true })).toBe("allowed");
  });

  test("is refused where it seems the agent's own, but the lease has run out", () => {
    const owned = view({ claim: claim("h1"), owned: true });
    expect(verdict({ isOwnStart: true, leased: false, view: owned })).toContain("has lost its lease");
  });

  test("names the owner and the way where the guest is another host's", () => {
    expect(verdict({ view: view({ claim: claim("h2") }) })).toBe(
      "web1 is owned by h2, not by h1: start it there, or move it here with `berth release web1 --to h1`",
    );
  });

  test("is refused where nobody is known to own the guest", () => {
    expect(verdict({ view: view({ claim: claim(null) }) })).toContain("nobody is known to own it");
  });

  test("is allowed on the owner while its lease runs, and refused after", () => {
    const owned = view({ claim: claim("h1"), owned: true });
    expect(verdict({ view: owned })).toBe("allowed");
    expect(verdict({ view: owned, leased: false })).toContain("has lost its lease");
  });

  test("is refused against policy that wants the guest down", () => {
    const owned = view({ claim: claim("h1"), owned: true });
    expect(verdict({ view: owned, promise: { ...promise, state: "down" } })).toBe("policy wants web1 down");
  });

  test("is refused for a guest of earlier policies while none is in force", () => {
    const unknown = { promise: undefined, policyKnown: false };
    expect(verdict({ ...unknown, promisedBefore: true })).toContain("no policy is in force here");
    expect(verdict(unknown)).toBe("allowed");
  });
});
