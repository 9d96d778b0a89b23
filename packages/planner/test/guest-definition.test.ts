/** What a pass changes in a guest's definition, what it changes while the guest runs, and what has to wait. */
import { writeXml, type XmlElement } from "@berth/domain-xml";
import type { EnvironmentResources } from "@berth/model";
import { describeStep } from "@berth/planner";
import { describe, expect, test } from "vitest";
import { LibvirtModel } from "./support/libvirt-model.ts";
import { planPass } from "./support/pass.ts";
import { guest, guestXml, network, networkXml, spec } from "./support/promises.ts";
import { converge, kinds, ownership, runningHost } from "./support/two-passes.ts";

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
