import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PromisePlan, Step } from "@berth/planner";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EmbeddedHypervisor } from "../src/adapters/embedded/embedded-hypervisor.ts";
import { StateStore } from "../src/adapters/embedded/state-store.ts";
import { performPlan } from "../src/plan-execution.ts";
import { stepOf } from "./contract-host.ts";
import { guestPromise } from "./guest-promise.ts";

let folder: string;
let hypervisor: EmbeddedHypervisor;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-execution-"));
  hypervisor = new EmbeddedHypervisor({ store: new StateStore(join(folder, "embedded.json")) });
});
afterEach(async () => {
  await hypervisor.close();
  rmSync(folder, { recursive: true, force: true });
});

const xml = (name: string, deaf = false) =>
  `<domain type='kvm'><name>${name}</name><memory>32768</memory><os><type>hvm</type></os>${
    deaf ? "<metadata><berth:embedded xmlns:berth='urn:berth:embedded' on-shutdown='ignore'/></metadata>" : ""
  }</domain>`;
const define = (domain: string, deaf = false) => stepOf({ kind: "define-domain", domain, xml: xml(domain, deaf) });
const start = (domain: string) => stepOf({ kind: "start-domain", domain, paused: false, discardSave: false });
const shutdown = (domain: string, timeoutMs: number) => stepOf({ kind: "shutdown-domain", domain, timeoutMs });

function item(name: string, stage: PromisePlan["stage"], steps: readonly Step[]): PromisePlan {
  return {
    promise: guestPromise(name),
    stage,
    goal: "running",
    here: "running",
    from: "absent",
    steps,
    pending: [],
    outcomeWithoutSteps: "kept",
    warnings: [],
  };
}

/** Performs and returns what happened as `begin|end name kind` lines. */
async function perform(items: readonly PromisePlan[], signal?: AbortSignal) {
  const log: string[] = [];
  const results = await performPlan({ items }, hypervisor, {
    ...(signal !== undefined && { signal }),
    onStep: (name, step, report) => log.push(`${report === undefined ? "begin" : "end"} ${name} ${step.kind}`),
  });
  return { log, results };
}

test("the steps of an item go in order, and a stage begins when the one before it has ended", async () => {
  const { log } = await perform([
    item("late", 2, [define("late"), start("late")]),
    item("early", 1, [define("early")]),
  ]);
  expect(log).toEqual([
    "begin early define-domain",
    "end early define-domain",
    "begin late define-domain",
    "end late define-domain",
    "begin late start-domain",
    "end late start-domain",
  ]);
});

test("items of one stage go side by side: a guest that takes long to stop keeps nobody waiting", async () => {
  await perform([item("slow", 1, [define("slow", true), start("slow")])]);
  const { log } = await perform([
    item("slow", 1, [shutdown("slow", 150)]),
    item("quick", 1, [define("quick"), start("quick"), shutdown("quick", 150)]),
  ]);
  expect(log.indexOf("end slow shutdown-domain")).toBeGreaterThan(log.indexOf("end quick shutdown-domain"));
});

test("a step that fails ends its item and no other, and says the hypervisor's reason", async () => {
  const bad = item("bad", 2, [define("bad"), stepOf({ kind: "resume-domain", domain: "bad" }), start("bad")]);
  const good = item("good", 2, [define("good"), start("good")]);
  const { results } = await perform([bad, good]);
  expect(results.get(bad)?.steps.map(({ result }) => result)).toEqual(["done", "failed", "not-run"]);
  expect(results.get(bad)?.failure).toEqual({
    code: "OPERATION_INVALID",
    message: "Requested operation is not valid: domain is not running",
  });
  expect(results.get(good)?.steps.map(({ result }) => result)).toEqual(["done", "done"]);
});

test("after a signal the running step ends, and no further one begins", async () => {
  const aborting = new AbortController();
  const items = ["a", "b"].map((name) => item(name, 2, [define(name), start(name)]));
  const log: string[] = [];
  const results = await performPlan({ items }, hypervisor, {
    signal: aborting.signal,
    onStep: (name, step, report) => {
      log.push(`${report === undefined ? "begin" : "end"} ${name} ${step.kind}`);
      aborting.abort();
    },
  });
  expect(log).toEqual(["begin a define-domain", "end a define-domain"]);
  expect(items.map((one) => results.get(one)?.steps.map(({ result }) => result))).toEqual([
    ["done", "not-run"],
    ["not-run", "not-run"],
  ]);
  expect(items.map((one) => results.get(one)?.interrupted)).toEqual([true, true]);
});

test("no more steps run at one moment than the hypervisor is good for, and stops do not take the place of starts", async () => {
  await perform(
    Array.from({ length: 6 }, (_, index) => item(`s${index}`, 1, [define(`s${index}`, true), start(`s${index}`)])),
  );
  const narrow = Object.assign(Object.create(hypervisor) as EmbeddedHypervisor, {
    concurrency: { changes: 2, stops: 3 },
    perform: (step: Step) => hypervisor.perform(step),
  });
  let now = { starts: 0, stops: 0 };
  const most = { starts: 0, stops: 0 };
  const items = [
    ...Array.from({ length: 6 }, (_, index) => item(`s${index}`, 1, [shutdown(`s${index}`, 30)])),
    ...Array.from({ length: 6 }, (_, index) => item(`d${index}`, 1, [define(`d${index}`)])),
  ];
  await performPlan({ items }, narrow, {
    onStep: (_, step, report) => {
      const kind = step.kind === "shutdown-domain" ? "stops" : "starts";
      now = { ...now, [kind]: now[kind] + (report === undefined ? 1 : -1) };
      most[kind] = Math.max(most[kind], now[kind]);
    },
  });
  expect(most).toEqual({ starts: 2, stops: 3 });
});
