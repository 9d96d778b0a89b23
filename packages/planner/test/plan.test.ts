/** What every plan holds to, whatever is promised: autostart, what is withheld, contradictions, order, and its words. */
import { checkPlan, describeStep, explainPlan } from "@berth/planner";
import { describe, expect, test } from "vitest";
import { LibvirtModel } from "./support/libvirt-model.ts";
import { planPass } from "./support/pass.ts";
import { guest, guestXml, spec } from "./support/promises.ts";
import { converge, kinds, ownership, runningHost } from "./support/two-passes.ts";

describe("a plan", () => {
  test("clears autostart on a promised guest, also where nobody is known to own it", () => {
    for (const right of [ownership, new Map()]) {
      const model = runningHost(guestXml("g"));
      const domain = model.domains.get("g");
      if (domain !== undefined) domain.autostart = true;
      const made = planPass(model, { promises: [guest("g")], ownership: right });
      expect(made.items[0]?.steps.map(describeStep)).toEqual(["turn autostart of g off"]);
      expect(
        checkPlan(made, {
          promises: made.items.map((item) => item.promise),
          ownership: right,
          observation: model.observe(),
        }),
      ).toEqual([]);
    }
  });

  test("leaves autostart alone on a guest that is to be deleted: it goes with the definition", () => {
    const model = new LibvirtModel();
    model.define("g", guestXml("g")).autostart = true;
    const [first] = converge(model, guest("g", { state: "delete" }));
    expect(kinds(first)).toEqual(["undefine-domain"]);
  });

  test("marks what action_policy withholds, and names the steps all the same", () => {
    for (const policy of ["warn", "nop"] as const) {
      const action = { policy, ifElapsedMinutes: 1, expireAfterMinutes: 1 };
      const made = planPass(new LibvirtModel(), {
        promises: [guest("g", { action, resources: spec(guestXml("g")) })],
        ownership,
      });
      expect(made.items[0]?.withheld).toBe(policy);
      expect(made.items[0]?.steps).toHaveLength(2);
    }
  });

  test("fails both of two promises that contradict each other, and names the other's place", () => {
    const promises = [guest("g", { state: "running" }), guest("g", { state: "down" }), guest("h", { state: "down" })];
    const made = planPass(runningHost(guestXml("g")), { promises, ownership });
    expect(made.items.map((item) => item.failure?.code)).toEqual([
      "CONFLICTING_PROMISES",
      "CONFLICTING_PROMISES",
      undefined,
    ]);
    expect(made.items[0]?.failure?.message).toContain("policy.cf:7:3");
  });

  test("acts once on a promise that is made twice in the same words", () => {
    const promises = [guest("g"), guest("g")].map((one) => ({ ...one, resources: spec(guestXml("g")) }));
    const made = planPass(new LibvirtModel(), { promises, ownership });
    expect(made.items.map((item) => item.steps.length)).toEqual([2, 0]);
  });

  test("fails a promise whose XML is broken, with the line in the XML", () => {
    const made = planPass(new LibvirtModel(), {
      promises: [guest("g", { resources: spec("<domain>\n<name>g</nam>") })],
      ownership,
    });
    expect(made.items[0]?.failure?.code).toBe("SPEC_INVALID");
    expect(made.items[0]?.failure?.message).toContain("line 2, column 8");
  });

  test("stops a guest that is promised to be down before its changed definition is tried", () => {
    const model = runningHost(guestXml("g"));
    const [first] = converge(model, guest("g", { state: "down", resources: spec(guestXml("g", { memoryMib: 1024 })) }));
    expect(kinds(first)).toEqual(["shutdown-domain", "define-domain"]);
    expect(first.stage).toBe(1);
  });

  test("says what saved memory keeps from a guest that is restored", () => {
    const model = new LibvirtModel();
    model.define("g", guestXml("g")).managedSave = true;
    const [first] = converge(model, guest("g", { resources: spec(guestXml("g", { memoryMib: 1024 })) }));
    expect(first.pending.map((change) => change.why)).toEqual(["its memory was saved with the hardware of then"]);
  });

  test("explains each promise from start state to end state", () => {
    const model = runningHost(guestXml("g"));
    const changed = guest("g", { state: "suspended", resources: spec(guestXml("g", { memoryMib: 1024 })) });
    const lines = planPass(model, { promises: [changed, guest("h", { state: "running" })], ownership }).items.flatMap(
      explainPlan,
    );
    expect(lines).toEqual([
      "guest g: suspended promised; here suspended; now running",
      "  define g: memory: 1024 MiB wanted, 524288 KiB now [next boot]",
      "  suspend g: it is promised to be suspended [live]",
      "  then suspended",
      "  pending: memory: 1048576 KiB wanted, 524288 KiB now; the running guest takes at most 524288 KiB [next boot]",
      "guest h: running promised; here as it is, for nothing is known of its ownership; now absent",
      "  nothing to do",
    ]);
  });
});
