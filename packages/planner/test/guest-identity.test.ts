/** Who a guest is: its UUID, its name, and a definition that cannot be read. */
import { describe, expect, test } from "vitest";
import { LibvirtModel } from "./support/libvirt-model.ts";
import { planPass } from "./support/pass.ts";
import { guest, guestXml, network, networkXml, sole, spec } from "./support/promises.ts";
import { ownership, runningHost } from "./support/two-passes.ts";

describe("identity", () => {
  const uuid = "11111111-2222-4333-8444-555555555555";

  test("a UUID that policy states and that differs fails, whatever is promised", () => {
    const xml = guestXml("g", { extra: `<uuid>${uuid}</uuid>` });
    for (const state of ["create", "running", "suspended", "down", "delete"] as const) {
      const made = planPass(runningHost(guestXml("g")), {
        promises: [guest("g", { state, resources: spec(xml) })],
        ownership,
      });
      expect(made.items[0]).toMatchObject({
        steps: [],
        outcomeWithoutSteps: "failed",
        failure: { code: "UUID_MISMATCH" },
      });
    }
  });

  test("a UUID that another guest has fails before anything is defined", () => {
    const model = new LibvirtModel();
    model.define("other", guestXml("other", { extra: `<uuid>${uuid}</uuid>` }));
    const xml = guestXml("g", { extra: `<uuid>${uuid.toUpperCase()}</uuid>` });
    const made = planPass(model, { promises: [guest("g", { resources: spec(xml) })], ownership });
    expect(made.items[0]?.failure).toMatchObject({ code: "UUID_MISMATCH" });
    expect(made.items[0]?.failure?.message).toContain("other");
  });

  test("a guest without UUID and MAC in policy gets the same on every host", () => {
    const steps = () =>
      planPass(new LibvirtModel(), { promises: [guest("g", { resources: spec(guestXml("g")) })], ownership }).items[0]
        ?.steps;
    expect(steps()).toEqual(steps());
    const define = steps()?.find((step) => step.kind === "define-domain");
    expect(define?.xml).toMatch(/<uuid>[0-9a-f-]{36}<\/uuid>/);
    expect(define?.xml).toMatch(/<mac address='02:/);
  });

  test("what cannot be read of a promise's definition is the reason of its failure, new or there", () => {
    const problem = "cannot read the definition /g.xml: no such file";
    const promise = guest("g", {
      resources: { spec: { ...spec("").spec, xml: "", problem, position: guest("g").position } },
    });
    const lan = network("n", { resources: promise.resources });
    for (const model of [new LibvirtModel(), runningHost(guestXml("g"))]) {
      const made = planPass(model, { promises: [promise, lan], ownership });
      expect(made.items.map(({ failure, steps }) => [failure, steps])).toEqual([
        [{ code: "SPEC_INVALID", message: problem }, []],
        [{ code: "SPEC_INVALID", message: problem }, []],
      ]);
    }
  });

  test("a definition that the hypervisor does not tell fails its own promise alone, with the hypervisor's reason", () => {
    const model = runningHost(guestXml("g"));
    model.define("h", guestXml("h"));
    model.defineNetwork("n", networkXml("n"));
    const refused = new Map([
      ["g", "no access"],
      ["n", "no access either"],
    ]);
    const promises = [
      guest("g", { resources: spec(guestXml("g", { memoryMib: 1024 })) }),
      guest("h", { state: "down", resources: spec(guestXml("h")) }),
      network("n", { resources: spec(networkXml("n")) }),
    ];
    const made = planPass(model, { promises, ownership, refused });
    expect(Object.fromEntries(made.items.map(({ promise, failure }) => [promise.name, failure?.message]))).toEqual({
      g: "The definition of g is not told: no access",
      h: undefined,
      n: "The definition of network n is not told: no access either",
    });
  });

  test.each(["..", "a/b", "", "g "])("a guest cannot be called %j", (name) => {
    const made = planPass(new LibvirtModel(), {
      promises: [guest(name, { resources: { diskMb: 1 } })],
      ownership: new Map([[name, sole]]),
    });
    expect(made.items[0]?.failure?.code).toBe("NAME_UNUSABLE");
  });
});
