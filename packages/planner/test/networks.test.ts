/** Every cell: the state a network is found in x the state that is promised x whether its class holds. */
import type { EnvironmentState } from "@berth/model";
import { checkPlan, type PromisePlan } from "@berth/planner";
import { describe, expect, test } from "vitest";
import { LibvirtModel } from "./support/libvirt-model.ts";
import { performPlan, planPass } from "./support/pass.ts";
import { guest, guestXml, network, networkXml, sole, spec } from "./support/promises.ts";

type Start = "absent" | "inactive" | "active" | "transient";

function hostWith(start: Start, xml = networkXml("n")): LibvirtModel {
  const model = new LibvirtModel();
  if (start === "absent") return model;
  const found = model.defineNetwork("n", xml);
  if (start !== "inactive") found.active = found.inactive;
  if (start === "transient") found.inactive = undefined;
  return model;
}

function steps(item: PromisePlan | undefined): string {
  const words = (item?.steps ?? []).map((step) => {
    if (step.kind === "set-network-autostart") return step.autostart ? "auto-on" : "auto-off";
    return step.kind.replace("-network", "");
  });
  return item?.failure?.code ?? (words.join(", ") || "-");
}

const withSpec = { resources: spec(networkXml("n")) };
const cells: [EnvironmentState, boolean, Start, string, string][] = [
  ["create", true, "absent", "define, auto-on, start", "active"],
  ["create", true, "inactive", "auto-on, start", "active"],
  ["create", true, "active", "auto-on", "active"],
  ["create", true, "transient", "define, auto-on", "active"],
  ["running", true, "absent", "define, auto-on, start", "active"],
  ["running", true, "inactive", "auto-on, start", "active"],
  ["running", true, "active", "auto-on", "active"],
  ["running", true, "transient", "define, auto-on", "active"],
  ["down", true, "absent", "-", "absent"],
  ["down", true, "inactive", "-", "inactive"],
  ["down", true, "active", "stop", "inactive"],
  ["down", true, "transient", "define, stop", "inactive"],
  ["delete", true, "absent", "-", "absent"],
  ["delete", true, "inactive", "undefine", "absent"],
  ["delete", true, "active", "stop, undefine", "absent"],
  ["delete", true, "transient", "stop", "absent"],
  ["create", false, "absent", "-", "absent"],
  ["create", false, "inactive", "-", "inactive"],
  ["create", false, "active", "stop", "inactive"],
  ["create", false, "transient", "define, stop", "inactive"],
  ["delete", false, "active", "stop, undefine", "absent"],
  ["down", false, "active", "stop", "inactive"],
  ["suspended", true, "active", "NETWORK_CANNOT_BE_SUSPENDED", "active"],
];

function endOf(model: LibvirtModel): string {
  const found = model.networks.get("n");
  if (found === undefined) return "absent";
  return found.active === undefined ? "inactive" : "active";
}

describe("a network", () => {
  test.each(cells)("%s (class holds: %s) from %s: %s, which makes it %s", (state, hostHolds, start, expected, end) => {
    const model = hostWith(start);
    const pass = { promises: [network("n", { state, hostHolds, ...withSpec })], ownership: new Map() };
    const made = planPass(model, pass);
    expect(steps(made.items[0])).toBe(expected);
    expect(checkPlan(made, { ...pass, observation: model.observe() })).toEqual([]);
    performPlan(model, made);
    expect(endOf(model)).toBe(end);
    const second = planPass(model, pass);
    expect(second.items[0]?.steps).toEqual([]);
  });

  test("that is absent and has no definition fails, unless it should not be there", () => {
    const code = (state: EnvironmentState) =>
      planPass(new LibvirtModel(), { promises: [network("n", { state })], ownership: new Map() }).items[0]?.failure
        ?.code;
    expect(code("create")).toBe("NO_DEFINITION");
    expect(code("running")).toBe("NO_DEFINITION");
    expect(code("down")).toBeUndefined();
    expect(code("delete")).toBeUndefined();
  });

  test("that runs takes a change at its next start: the definition changes, nobody loses the network", () => {
    const model = hostWith("active", networkXml("n", 150));
    const pass = { promises: [network("n", { resources: spec(networkXml("n", 151)) })], ownership: new Map() };
    const made = planPass(model, pass);
    expect(steps(made.items[0])).toBe("define, auto-on");
    expect(made.items[0]?.steps[0]).toMatchObject({
      tag: "network cut",
      reason: "ip@address: 192.168.151.1 wanted, 192.168.150.1 now",
    });
    performPlan(model, made);
    const second = planPass(model, pass);
    expect(second.items[0]?.steps).toEqual([]);
    expect(second.items[0]?.pending).toEqual([
      {
        what: "ip@address: 192.168.151.1 wanted, 192.168.150.1 now",
        why: "guests on the network would lose it",
        tag: "network cut",
      },
    ]);
  });

  test("that does not run takes a change at once", () => {
    const model = hostWith("inactive", networkXml("n", 150));
    const made = planPass(model, {
      promises: [network("n", { resources: spec(networkXml("n", 151)) })],
      ownership: new Map(),
    });
    expect(made.items[0]?.steps[0]).toMatchObject({ kind: "define-network", tag: "live" });
  });

  test("with another UUID than policy states is not touched", () => {
    const xml = networkXml("n").replace("<forward", "<uuid>11111111-2222-4333-8444-555555555555</uuid><forward");
    for (const state of ["create", "down", "delete"] as const) {
      const made = planPass(hostWith("active"), {
        promises: [network("n", { state, resources: spec(xml) })],
        ownership: new Map(),
      });
      expect(made.items[0]).toMatchObject({ steps: [], failure: { code: "UUID_MISMATCH" } });
    }
  });
});

test("networks come up before guests stop, guests stop before guests start, networks go last", () => {
  const model = hostWith("active");
  model.define("stops", guestXml("stops"));
  model.perform({ kind: "start-domain", domain: "stops", paused: false, discardSave: false, reason: "", tag: "live" });
  const promises = [
    network("n", { state: "delete" }),
    guest("starts", { resources: spec(guestXml("starts")) }),
    guest("stops", { state: "down" }),
    network("lan", { resources: spec(networkXml("lan")) }),
  ];
  const made = planPass(model, {
    promises,
    ownership: new Map([
      ["starts", sole],
      ["stops", sole],
    ]),
  });
  expect(made.items.map((item) => `${item.stage} ${item.promise.name}`)).toEqual([
    "0 lan",
    "1 stops",
    "2 starts",
    "3 n",
  ]);
});
