/** What a pass changes in a guest's definition, what it changes while the guest runs, and what has to wait. */
import { ComparisonCache, writeXml, type XmlElement } from "@berth/domain-xml";
import type { EnvironmentResources, GuestPromise } from "@berth/model";
import { checkPlan, describeStep, explainPlan, type PromisePlan } from "@berth/planner";
import { describe, expect, test } from "vitest";
import { LibvirtModel } from "./support/libvirt-model.ts";
import { performPlan, planPass } from "./support/pass.ts";
import { guest, guestXml, network, networkXml, sole, spec } from "./support/promises.ts";

const ownership = new Map([["g", sole]]);

function runningHost(xml: string): LibvirtModel {
  const model = new LibvirtModel();
  model.define("g", xml);
  model.perform({ kind: "start-domain", domain: "g", paused: false, discardSave: false, reason: "", tag: "live" });
  return model;
}

/** Plans, checks, performs; then a second pass must have no step. Returns both passes' plans of the guest. */
function converge(model: LibvirtModel, promise: GuestPromise): [PromisePlan, PromisePlan] {
  const pass = { promises: [promise], ownership, cache: new ComparisonCache() };
  const first = planPass(model, pass);
  expect(checkPlan(first, { ...pass, observation: model.observe() })).toEqual([]);
  performPlan(model, first);
  const second = planPass(model, pass);
  const [before, after] = [first.items[0], second.items[0]];
  if (before === undefined || after === undefined) throw new Error("no plan");
  expect(after.steps).toEqual([]);
  return [before, after];
}

const kinds = (item: PromisePlan) => item.steps.map((step) => step.kind);

describe("a spec that changed while the guest runs", () => {
  test("changes the definition, keeps the guest running, and says what waits", () => {
    const model = runningHost(guestXml("g"));
    const wanted = guestXml("g", {
      memoryMib: 1024,
      devices: "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
    });
    const [first, second] = converge(model, guest("g", { resources: spec(wanted) }));
    expect(kinds(first)).toEqual(["define-domain"]);
    expect(first.steps[0]).toMatchObject({
      tag: "next boot",
      reason: "memory: 1024 MiB wanted, 524288 KiB now; devices/rng: model=virtio wanted, missing now",
    });
    expect(second.pending).toEqual([
      {
        what: "memory: 1048576 KiB wanted, 524288 KiB now",
        why: "the running guest takes at most 524288 KiB",
        tag: "next boot",
      },
      {
        what: "devices/rng: model=virtio wanted, missing now",
        why: "a running guest cannot take it",
        tag: "next boot",
      },
    ]);
    expect(model.domains.get("g")?.state).toBe("running");
  });

  test("takes processors up to the maximum live, and those above it at the next boot", () => {
    const small = guestXml("g", { vcpu: "<vcpu current='1'>4</vcpu>" });
    const live = converge(
      runningHost(small),
      guest("g", { resources: spec(guestXml("g", { vcpu: "<vcpu current='3'>4</vcpu>" })) }),
    );
    expect(live[0].steps.map(describeStep)).toEqual([
      "set g to 3 processors in its definition",
      "set g to 3 processors now",
    ]);
    expect(live[1].pending).toEqual([]);
    const late = converge(
      runningHost(small),
      guest("g", { resources: spec(guestXml("g", { vcpu: "<vcpu>6</vcpu>" })) }),
    );
    expect(kinds(late[0])).toEqual(["define-domain"]);
    expect(late[1].pending.map((change) => change.what)).toEqual(["vcpu: 6 wanted, 1 now"]);
  });

  test("takes memory down through the balloon once, and does not ask a guest again that did not follow", () => {
    for (const cooperative of [true, false]) {
      const model = runningHost(guestXml("g"));
      const domain = model.domains.get("g");
      if (domain !== undefined) domain.cooperative = cooperative;
      const [first, second] = converge(model, guest("g", { resources: { memoryKib: 262144 } }));
      expect(kinds(first)).toEqual(["define-domain", "set-memory"]);
      expect(second.pending.map((change) => change.why)).toEqual(
        cooperative ? [] : ["the guest's balloon has not followed"],
      );
    }
  });

  test("leaves memory to the next boot where the guest has no balloon", () => {
    const model = runningHost(guestXml("g", { devices: "<memballoon model='none'/>" }));
    const [first] = converge(model, guest("g", { resources: { memoryKib: 262144 } }));
    expect(kinds(first)).toEqual(["define-domain"]);
    expect(first.pending.map((change) => change.why)).toEqual(["the guest has no memory balloon"]);
  });

  test("says that fewer processors than the guest booted with wait", () => {
    const model = runningHost(guestXml("g", { vcpu: "<vcpu>4</vcpu>" }));
    const [first, second] = converge(model, guest("g", { resources: { cpus: 2 } }));
    expect(first.steps.map(describeStep)).toEqual(["set g to 2 processors in its definition"]);
    expect(second.pending).toEqual([
      { what: "vcpu: 2 wanted, 4 now", why: "the guest booted with them", tag: "next boot" },
    ]);
  });
});

describe("resources of a guest that is there", () => {
  test.each<[string, EnvironmentResources, string[]]>([
    ["nothing that differs", { cpus: 2, memoryKib: 524288 }, []],
    ["more memory", { memoryKib: 1048576 }, ["define-domain"]],
    ["more processors than its maximum", { cpus: 8 }, ["define-domain"]],
    ["fewer processors", { cpus: 1 }, ["set-vcpus"]],
    ["a disk that it does not use", { diskMb: 2048 }, []],
  ])("%s", (_title, resources, expected) => {
    const model = new LibvirtModel();
    model.define("g", guestXml("g"));
    const [first] = converge(model, guest("g", { state: "running", resources }));
    expect(kinds(first)).toEqual([...expected, "start-domain"]);
  });

  test("a network that the interface is not on changes the definition, and keeps the MAC", () => {
    const model = new LibvirtModel();
    const before = model.define("g", guestXml("g")).inactive;
    const promise = guest("g", { interface: { addresses: ["192.0.2.1"], network: "dmz" } });
    const [first] = converge(model, promise);
    expect(kinds(first)).toEqual(["define-domain", "start-domain"]);
    const mac = /<mac address='[^']*'/;
    const [step] = first.steps;
    expect(step?.kind === "define-domain" && mac.exec(step.xml)?.[0]).toBe(`<mac address='${macOf(before)}'`);
    expect(step?.kind === "define-domain" && step.xml).toContain("network='dmz'");
    expect(step?.kind === "define-domain" && step.xml).toContain("<berth:address>192.0.2.1</berth:address>");
  });

  test("a disk that its definition uses is made again where it is missing", () => {
    const model = new LibvirtModel();
    const promise = guest("g", { resources: { memoryKib: 524288, diskMb: 2048 } });
    converge(model, promise);
    model.volumes.clear();
    const [again] = converge(model, promise);
    expect(kinds(again)).toEqual(["create-volume"]);
  });
});

function macOf(domain: XmlElement | undefined): string | undefined {
  return domain === undefined ? undefined : /<mac address='([^']*)'/.exec(writeXml(domain))?.[1];
}

describe("a guest that is built from resources", () => {
  test("gets its disk, its definition and then starts; no second pass", () => {
    const model = new LibvirtModel();
    const promise = guest("g", {
      resources: { cpus: 2, memoryKib: 1048576, diskMb: 2048, baseline: "/images/base.qcow2" },
      interface: { addresses: [], network: "lan" },
    });
    const [first] = converge(model, promise);
    expect(first.steps[0]).toEqual({
      kind: "create-volume",
      domain: "g",
      path: "/var/lib/libvirt/images/g.qcow2",
      capacityBytes: 2048 * 1024 * 1024,
      backing: { path: "/images/base.qcow2", format: "qcow2" },
      tag: "live",
      reason: "its disk does not exist",
    });
    expect(kinds(first)).toEqual(["create-volume", "define-domain", "start-domain"]);
    expect(first.warnings).toEqual(["network lan is not active: the guest will not start without it"]);
  });

  test("has the size of its backing image where env_disk is not stated", () => {
    const [first] = converge(new LibvirtModel(), guest("g", { resources: { baseline: "/images/base.img" } }));
    expect(first.steps[0]).toMatchObject({ kind: "create-volume", backing: { path: "/images/base.img" } });
    expect(first.steps[0]).not.toHaveProperty("capacityBytes");
  });

  test("is on the default network only where that runs", () => {
    const xmlOf = (model: LibvirtModel) => {
      const item = planPass(model, { promises: [guest("g", { resources: { cpus: 1 } })], ownership }).items[0];
      return item?.steps.find((step) => step.kind === "define-domain")?.xml;
    };
    const model = new LibvirtModel();
    expect(xmlOf(model)).not.toContain("<interface");
    model.defineNetwork("default", networkXml("default")).active = model.networks.get("default")?.inactive;
    expect(xmlOf(model)).toContain("network='default'");
  });

  test("comes after a network that is promised in the same policy", () => {
    const promises = [
      guest("g", { resources: { cpus: 1 } }),
      network("default", { resources: spec(networkXml("default")) }),
    ];
    const made = planPass(new LibvirtModel(), { promises, ownership });
    expect(made.items.map((item) => item.promise.name)).toEqual(["default", "g"]);
    expect(made.items[1]?.steps.find((step) => step.kind === "define-domain")?.xml).toContain("network='default'");
  });

  test.each(["esx", "vbox"] as const)("cannot be of type %s", (type) => {
    const made = planPass(new LibvirtModel(), { promises: [guest("g", { type, resources: { cpus: 1 } })], ownership });
    expect(made.items[0]?.failure?.code).toBe("NEEDS_SPEC");
  });
});

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
