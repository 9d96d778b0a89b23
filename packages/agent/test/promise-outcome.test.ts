import type { PromisePlan, Step } from "@berth/planner";
import { expect, test } from "vitest";
import { outcomeClasses, reportItem } from "../src/promise-outcome.ts";
import { stepOf } from "./contract-host.ts";
import { guestPromise } from "./guest-promise.ts";

const steps = [
  stepOf({ kind: "resume-domain", domain: "a" }),
  stepOf({ kind: "destroy-domain", domain: "a" }),
] as const;
const item = (differences: Partial<PromisePlan> = {}): PromisePlan => ({
  promise: guestPromise("a"),
  stage: 2,
  goal: "running",
  here: "running",
  from: "paused",
  steps,
  pending: [],
  outcomeWithoutSteps: "kept",
  warnings: [],
  ...differences,
});
const result = (results: readonly ("done" | "failed" | "not-run")[], interrupted = false) => ({
  steps: results.map((one, index) => ({ step: steps[index] as Step, result: one })),
  interrupted,
});
const said = (input: Parameters<typeof reportItem>[0]) => {
  const { outcome, reason, failure } = reportItem(input);
  return [outcome, reason, failure?.code];
};

test.each([
  ["nothing to do", { item: item({ steps: [] }) }, ["kept", "", undefined]],
  ["all steps done", { item: item(), result: result(["done", "done"]) }, ["repaired", "contract", undefined]],
  [
    "a step failed",
    { item: item(), result: { ...result(["failed", "not-run"]), failure: { code: "NOT_FOUND", message: "gone" } } },
    ["failed", "gone", "NOT_FOUND"],
  ],
  [
    "a signal came between",
    { item: item(), result: result(["done", "not-run"], true) },
    ["skipped", "interrupted before all steps were done", undefined],
  ],
  [
    "the planner could not",
    { item: item({ steps: [], failure: { code: "NO_DEFINITION", message: "no definition" } }) },
    ["failed", "no definition", "NO_DEFINITION"],
  ],
  [
    "the checker refused",
    { item: item(), violation: { code: "UNDECLARED", name: "a", message: "a is not promised" } },
    ["denied", "a is not promised", "UNDECLARED"],
  ],
  [
    "the checker refused another promise of the plan",
    { item: item(), violation: { code: "UNDECLARED", name: "b", message: "b is not promised" } },
    ["denied", "not performed, since the plan is refused for b: b is not promised", "UNDECLARED"],
  ],
  [
    "the policy only warns",
    { item: item({ withheld: "warn" }) },
    ["skipped", "action_policy is warn; would resume a, destroy a", undefined],
  ],
  ["a dry run", { item: item() }, ["skipped", "dry run", undefined]],
] as const)("%s", (_, input, expected) => {
  expect(said({ ...input, explain: false })).toEqual(expected);
});

test("a promise defines the classes of its own outcome and no others", () => {
  const promise = guestPromise("a", {
    classes: { promise_kept: ["ok"], promise_repaired: ["done", "ok"], repair_failed: ["bad"] },
  });
  expect(
    (["kept", "repaired", "failed", "denied", "skipped"] as const).map((one) => outcomeClasses(promise, one)),
  ).toEqual([["ok"], ["done", "ok"], ["bad"], [], []]);
});
