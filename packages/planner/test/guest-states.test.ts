/** Every cell: the state a guest is found in x the state that is promised x whether it may run here. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DomainState, EnvironmentState, Ownership } from "@berth/model";
import { checkPlan, defaultPlannerSettings, type PromisePlan, type Step } from "@berth/planner";
import { describe, expect, test } from "vitest";
import { LibvirtModel } from "./support/libvirt-model.ts";
import { performPlan, planPass } from "./support/pass.ts";
import { elsewhere, guest, guestXml, holds, sole, spec } from "./support/promises.ts";

interface Start {
  readonly state: DomainState | "absent";
  readonly transient?: boolean;
  readonly managedSave?: boolean;
}

const starts: readonly Start[] = [
  { state: "absent" },
  { state: "shutoff" },
  { state: "shutoff", managedSave: true },
  { state: "running" },
  { state: "blocked" },
  { state: "paused" },
  { state: "crashed" },
  { state: "pm-suspended" },
  { state: "shutting-down" },
  { state: "running", transient: true },
  { state: "paused", transient: true },
];
const states: readonly EnvironmentState[] = ["create", "running", "suspended", "down", "delete"];
const rights: readonly [string, Ownership, boolean][] = [
  ["sole", sole, true],
  ["holds", holds, true],
  ["elsewhere", elsewhere, true],
  ["class false", sole, false],
];

/** A host that has the guest in that state, defined as policy says. */
function hostWith(start: Start): LibvirtModel {
  const model = new LibvirtModel();
  if (start.state === "absent") return model;
  const domain = model.define("g", guestXml("g"));
  domain.state = start.state;
  domain.managedSave = start.managedSave ?? false;
  if (start.state !== "shutoff") domain.active = domain.inactive;
  if (start.transient) domain.inactive = undefined;
  return model;
}

function short(step: Step): string {
  switch (step.kind) {
    case "start-domain":
      return `start${step.paused ? "-paused" : ""}${step.discardSave ? "-fresh" : ""}`;
    default:
      return step.kind.replace("-domain", "");
  }
}

function label(start: Start): string {
  return `${start.state}${start.managedSave ? "+saved" : ""}${start.transient ? "+transient" : ""}`;
}

function cell(start: Start, state: EnvironmentState, right: Ownership, holdsHere: boolean): PromisePlan {
  const promise = guest("g", { state, hostHolds: holdsHere, resources: spec(guestXml("g")) });
  const made = planPass(hostWith(start), { promises: [promise], ownership: new Map([["g", right]]) });
  const [item] = made.items;
  if (item === undefined) throw new Error("no plan");
  return item;
}

/** One line per cell, for a person to read and for the test to compare. */
function table(): string {
  const lines: string[] = [];
  for (const [right, ownership, holdsHere] of rights) {
    lines.push(`# ${right}`);
    for (const state of states) {
      for (const start of starts) {
        const item = cell(start, state, ownership, holdsHere);
        const steps = item.failure?.code ?? (item.steps.map(short).join(", ") || "-");
        lines.push(`${state.padEnd(10)} ${label(start).padEnd(18)} ${item.goal.padEnd(10)} ${steps}`);
      }
    }
  }
  return `${lines.join("\n")}\n`;
}

describe("a guest in each state", () => {
  test("gets the steps of the table that was reviewed", () => {
    const file = fileURLToPath(new URL("./golden/guest-states.txt", import.meta.url));
    if (process.env.BERTH_GOLDEN === "write") writeFileSync(file, table());
    expect(table()).toBe(readFileSync(file, "utf8"));
  });

  const cells = rights.flatMap(([right, ownership, holdsHere]) =>
    states.flatMap((state) => starts.map((start) => ({ right, ownership, holdsHere, state, start }))),
  );

  test.each(cells.map((one) => ({ ...one, label: label(one.start) })))(
    "$state, $right, from $label: the checker accepts the steps, they lead to the promise, a second pass does nothing",
    ({ ownership, holdsHere, state, start }) => {
      const model = hostWith(start);
      const promise = guest("g", { state, hostHolds: holdsHere, resources: spec(guestXml("g")) });
      const pass = { promises: [promise], ownership: new Map([["g", ownership]]) };
      const made = planPass(model, pass);
      expect(checkPlan(made, { ...pass, observation: model.observe() })).toEqual([]);
      performPlan(model, made);
      const mayRun = holdsHere && ownership.kind !== "elsewhere";
      expect(endOf(model)).toBe(expectedEnd(state, start, mayRun));
      expect(planPass(model, pass).items.flatMap((item) => item.steps)).toEqual([]);
    },
  );
});

function endOf(model: LibvirtModel): string {
  const domain = model.domains.get("g");
  if (domain === undefined) return "absent";
  return domain.state === "blocked" ? "running" : domain.state;
}

/** What the language says the end is, in words of its own. */
function expectedEnd(state: EnvironmentState, start: Start, mayRun: boolean): string {
  const isThere = start.state !== "absent";
  if (state === "delete") return "absent";
  if (state === "down") return isThere ? "shutoff" : "absent";
  if (state === "suspended") {
    if (mayRun) return start.state === "pm-suspended" ? "pm-suspended" : "paused";
    if (!isThere) return "absent";
    return ["running", "blocked", "paused"].includes(start.state) ? "paused" : "shutoff";
  }
  if (mayRun) return "running";
  return isThere ? "shutoff" : "absent";
}

describe("a guest that may not run here, on a fleet that keeps such guests suspended", () => {
  const settings = { ...defaultPlannerSettings, notOwnedState: "suspended" } as const;

  test.each([
    ["running", "paused"],
    ["paused", "paused"],
    ["shutoff", "shutoff"],
    ["crashed", "shutoff"],
    ["pm-suspended", "shutoff"],
  ] as const)("found %s is %s afterwards", (state, end) => {
    const model = hostWith({ state });
    const pass = { promises: [guest("g", { state: "running" })], ownership: new Map([["g", elsewhere]]), settings };
    const made = planPass(model, pass);
    expect(checkPlan(made, { ...pass, observation: model.observe() })).toEqual([]);
    performPlan(model, made);
    expect(endOf(model)).toBe(end);
    expect(made.items[0]?.here).toBe("suspended, for h2 owns it (claimed in epoch 4)");
  });
});

describe("a guest that is absent and whose promise has no definition", () => {
  test.each([
    ["running", {}, "NO_DEFINITION"],
    ["running", { cpus: 2 }, "NO_DEFINITION"],
    ["suspended", { cpus: 2 }, "NO_DEFINITION"],
    ["create", {}, "NO_DEFINITION"],
    ["create", { cpus: 2 }, undefined],
    ["running", { cpus: 2, memoryKib: 524288 }, undefined],
    ["down", {}, undefined],
    ["delete", {}, undefined],
  ] as const)("%s with %o: %s", (state, resources, code) => {
    const item = planPass(new LibvirtModel(), {
      promises: [guest("g", { state, resources })],
      ownership: new Map([["g", sole]]),
    }).items[0];
    expect(item?.failure?.code).toBe(code);
    expect(item?.outcomeWithoutSteps).toBe(code === undefined ? "kept" : "failed");
  });
});

test.each(["running", "paused", "shutoff", "crashed"] as const)(
  "a guest that nobody is known to own is neither started nor stopped: %s",
  (state) => {
    const undecided = { kind: "elsewhere", reason: "the claim is being made" } as const;
    for (const ownership of [new Map(), new Map([["g", undecided]])]) {
      const made = planPass(hostWith({ state }), { promises: [guest("g")], ownership });
      expect(made.items[0]).toMatchObject({ steps: [], goal: "unchanged", outcomeWithoutSteps: "kept" });
    }
  },
);
