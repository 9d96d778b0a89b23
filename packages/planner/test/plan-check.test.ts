/** Bugs that a planner could have, each put into a sound plan by hand: the checker must see every one. */
import { checkPlan, type Plan, type PromisePlan, type Step } from "@berth/planner";
import { describe, expect, test } from "vitest";
import { LibvirtModel } from "./support/libvirt-model.ts";
import { planPass } from "./support/pass.ts";
import { elsewhere, guest, guestXml, holds, network, networkXml, sole, spec } from "./support/promises.ts";

type AnyPromise = PromisePlan["promise"];

const because = { reason: "a bug", tag: "live" } as const;
const start: Step = { kind: "start-domain", domain: "g", paused: false, discardSave: false, ...because };
const startPaused: Step = { ...start, paused: true };
const resume: Step = { kind: "resume-domain", domain: "g", ...because };
const wake: Step = { kind: "wake-domain", domain: "g", ...because };
const destroy: Step = { kind: "destroy-domain", domain: "g", ...because };
const shutdown: Step = { kind: "shutdown-domain", domain: "g", timeoutMs: 1, ...because };
const undefine: Step = { kind: "undefine-domain", domain: "g", ...because };
const suspend: Step = { kind: "suspend-domain", domain: "g", ...because };

/** A host whose guest `g` runs, and one on which it is off. */
function host(isRunning: boolean): LibvirtModel {
  const model = new LibvirtModel();
  model.define("g", guestXml("g"));
  if (isRunning) model.perform(start);
  model.defineNetwork("n", networkXml("n"));
  return model;
}

function item(promise: AnyPromise, steps: readonly Step[], stage: 0 | 1 | 2 | 3 = 2): PromisePlan {
  const rest = { goal: "running", here: "", from: "", pending: [], outcomeWithoutSteps: "kept", warnings: [] } as const;
  return { promise, steps, stage, ...rest };
}

function violations(
  promise: AnyPromise,
  steps: readonly Step[],
  right = sole as typeof sole | typeof holds | typeof elsewhere,
  isRunning = true,
): string[] {
  const context = { promises: [promise], ownership: new Map([["g", right]]), observation: host(isRunning).observe() };
  return checkPlan({ items: [item(promise, steps)] }, context).map((violation) => violation.code);
}

describe("the checker refuses", () => {
  test.each<[string, Step[]]>([
    ["a start", [startPaused]],
    ["a resume", [resume]],
    ["a wake", [wake]],
  ])("%s without ownership, and where the class does not hold", (_title, steps) => {
    expect(violations(guest("g"), steps, elsewhere, false)).toContain("RUNS_WITHOUT_OWNERSHIP");
    expect(violations(guest("g", { hostHolds: false }), steps, sole, false)).toContain("RUNS_WITHOUT_OWNERSHIP");
    expect(violations(guest("g"), steps, sole, false)).not.toContain("RUNS_WITHOUT_OWNERSHIP");
  });

  test("a start under peers that does not wait for the second look", () => {
    expect(violations(guest("g"), [start], holds, false)).toEqual(["STARTS_UNPAUSED"]);
    expect(violations(guest("g"), [startPaused, resume], holds, false)).toEqual([]);
    expect(violations(guest("g"), [start], sole, false)).toEqual([]);
  });

  test.each(["suspended", "down", "delete"] as const)("a guest left running that is promised %s", (state) => {
    expect(violations(guest("g", { state }), [start], sole, false)).toContain("RUNS_AGAINST_PROMISE");
  });

  test("to leave a guest running that is another host's, once it touches it", () => {
    expect(violations(guest("g"), [wake], elsewhere)).toContain("RUNS_AGAINST_PROMISE");
  });

  test.each([destroy, shutdown, suspend])("to stop a guest that runs and is promised to run: $kind", (step) => {
    expect(violations(guest("g"), [step])).toContain("STOPS_PROMISED_GUEST");
    expect(violations(guest("g"), [step], elsewhere)).toEqual([]);
  });

  test("to restart a guest for a difference", () => {
    expect(violations(guest("g"), [shutdown, start])).toEqual(["STOPS_PROMISED_GUEST"]);
  });

  test("to stop a guest that nobody is known to own", () => {
    const promise = guest("g");
    const context = { promises: [promise], ownership: new Map(), observation: host(true).observe() };
    const codes = checkPlan({ items: [item(promise, [destroy])] }, context).map((violation) => violation.code);
    expect(codes).toEqual(["STOPS_UNDECIDED_GUEST"]);
  });

  test.each(["create", "running", "suspended", "down"] as const)("to undefine a guest that is promised %s", (state) => {
    expect(violations(guest("g", { state }), [undefine], sole, false)).toContain("UNDEFINES_WITHOUT_DELETE");
  });

  test("to undefine a guest that is still active", () => {
    expect(violations(guest("g", { state: "delete" }), [undefine])).toContain("UNDEFINES_WITHOUT_DELETE");
    expect(violations(guest("g", { state: "delete" }), [shutdown, undefine])).toEqual([]);
  });

  test("to undefine or cut a network that is promised", () => {
    const undefineNetwork: Step = { kind: "undefine-network", network: "n", ...because };
    const stop: Step = { kind: "stop-network", network: "n", ...because };
    expect(violations(network("n"), [undefineNetwork])).toEqual(["UNDEFINES_WITHOUT_DELETE"]);
    expect(violations(network("n"), [stop])).toEqual(["CUTS_PROMISED_NETWORK"]);
    expect(violations(network("n", { state: "delete" }), [stop, undefineNetwork])).toEqual([]);
  });

  test("steps for a guest that no promise declares", () => {
    const context = { promises: [], ownership: new Map([["g", sole]]), observation: host(true).observe() };
    const codes = checkPlan({ items: [item(guest("g"), [resume])] }, context).map((violation) => violation.code);
    expect(codes).toEqual(["UNDECLARED"]);
  });

  test("a step that is about another guest, or about a network of that name", () => {
    expect(violations(guest("g", { state: "delete" }), [shutdown, { ...undefine, domain: "h" }])).toContain(
      "OTHER_NAME",
    );
    expect(violations(guest("g"), [{ kind: "stop-network", network: "g", ...because }])).toContain("OTHER_NAME");
  });

  test("two contradicting promises that both act", () => {
    const [up, down] = [guest("g"), guest("g", { state: "down" })];
    const context = { promises: [up, down], ownership: new Map([["g", sole]]), observation: host(false).observe() };
    const plan: Plan = { items: [item(up, [start])] };
    expect(checkPlan(plan, context).map((violation) => violation.code)).toEqual(["CONFLICTING_PROMISES"]);
    const twice: Plan = { items: [item(up, [start]), item(up, [start])] };
    expect(checkPlan(twice, { ...context, promises: [up] }).map((violation) => violation.code)).toEqual([
      "CONFLICTING_PROMISES",
    ]);
  });

  test("a definition of something else", () => {
    const define = (xml: string): Step => ({ kind: "define-domain", domain: "g", xml, ...because });
    const uuid = host(false).domains.get("g")?.uuid;
    expect(violations(guest("g"), [define(guestXml("h", { extra: `<uuid>${uuid}</uuid>` }))])).toEqual([
      "DEFINES_ANOTHER",
    ]);
    expect(violations(guest("g"), [define(guestXml("g"))])).toEqual(["DEFINES_ANOTHER"]);
    expect(violations(guest("g"), [define(networkXml("g"))])).toEqual(["DEFINES_ANOTHER"]);
    expect(violations(guest("g"), [define("<domain>")])).toEqual(["DEFINES_ANOTHER"]);
    expect(violations(guest("g"), [define(guestXml("g", { extra: `<uuid>${uuid}</uuid>` }))])).toEqual([]);
  });

  test("autostart of a promised guest", () => {
    const step: Step = { kind: "set-domain-autostart", domain: "g", autostart: true, ...because };
    expect(violations(guest("g"), [step])).toEqual(["AUTOSTARTS_GUEST"]);
  });

  test.each(["images/g.qcow2", "/images/../etc/passwd"])("a disk at %s", (path) => {
    const step: Step = { kind: "create-volume", domain: "g", path, capacityBytes: 1, ...because };
    expect(violations(guest("g"), [step])).toEqual(["VOLUME_PATH"]);
  });

  test("stages out of order", () => {
    const promises = [guest("g"), network("n", { resources: spec(networkXml("n")) })] as const;
    const items = [item(promises[0], [], 2), item(promises[1], [], 0)];
    const context = { promises, ownership: new Map(), observation: host(true).observe() };
    expect(checkPlan({ items }, context).map((violation) => violation.code)).toEqual(["STAGE_ORDER"]);
  });
});

test("a plan that withholds its steps is checked all the same", () => {
  const action = { policy: "warn", ifElapsedMinutes: 1, expireAfterMinutes: 1 } as const;
  const promises = [guest("g", { action, state: "delete" })];
  const pass = { promises, ownership: new Map([["g", sole]]) };
  const model = host(true);
  const made = planPass(model, pass);
  expect(checkPlan(made, { ...pass, observation: model.observe() })).toEqual([]);
  const [first] = made.items;
  if (first === undefined) throw new Error("no plan");
  const bug: Plan = { items: [{ ...first, steps: [undefine] }] };
  expect(checkPlan(bug, { ...pass, observation: model.observe() })).not.toEqual([]);
});
