/** Any host, any promises, any ownership: one pass reaches what is promised, and a second has nothing to do. */
import { ComparisonCache } from "@berth/domain-xml";
import type { DomainState, EnvironmentPromise, EnvironmentResources, Ownership } from "@berth/model";
import { checkPlan, defaultPlannerSettings } from "@berth/planner";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LibvirtModel } from "./support/libvirt-model.ts";
import { performPlan, planPass } from "./support/pass.ts";
import { elsewhere, guest, guestXml, holds, network, networkXml, sole, spec } from "./support/promises.ts";

const names = ["a", "b", "c"];
const states = ["create", "running", "suspended", "down", "delete"] as const;

const guestDefinition = (name: string) =>
  fc
    .record({
      memoryMib: fc.constantFrom(256, 512, 1024),
      vcpu: fc.constantFrom(
        "<vcpu>1</vcpu>",
        "<vcpu>2</vcpu>",
        "<vcpu current='1'>4</vcpu>",
        "<vcpu current='3'>4</vcpu>",
      ),
      devices: fc
        .subarray([
          "<serial type='pty'/>",
          "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
          "<disk type='file' device='disk'><source file='/images/second.img'/><target dev='vdb' bus='virtio'/></disk>",
          "<interface type='network'><source network='dmz'/></interface>",
          "<memballoon model='none'/>",
        ])
        .map((list) => list.join("")),
      extra: fc.constantFrom("", "<on_crash>restart</on_crash>", "<features><acpi/></features>"),
    })
    .map((parts) => guestXml(name, parts));

const resources = (name: string): fc.Arbitrary<EnvironmentResources> =>
  fc.oneof(
    fc.constant({}),
    guestDefinition(name).map(spec),
    fc.record(
      {
        cpus: fc.constantFrom(1, 2, 6),
        memoryKib: fc.constantFrom(262144, 524289, 1048576),
        diskMb: fc.constantFrom(100, 2048),
        baseline: fc.constant("/images/base.qcow2"),
      },
      { requiredKeys: [] },
    ),
  );

const startStates: readonly DomainState[] = [
  "shutoff",
  "running",
  "blocked",
  "paused",
  "crashed",
  "pm-suspended",
  "shutting-down",
];

const ownerships: fc.Arbitrary<Ownership | undefined> = fc.constantFrom<Ownership | undefined>(
  sole,
  holds,
  elsewhere,
  { kind: "elsewhere", reason: "nobody's yet" },
  undefined,
);

/** One guest: how the host has it, what is promised of it, and who owns it. */
const guestCase = (name: string) =>
  fc.record({
    name: fc.constant(name),
    found: fc.option(
      fc.record({
        xml: guestDefinition(name),
        state: fc.constantFrom(...startStates),
        transient: fc.boolean(),
        autostart: fc.boolean(),
        managedSave: fc.boolean(),
        cooperative: fc.boolean(),
      }),
      { nil: undefined },
    ),
    promise: fc.option(
      fc
        .record({
          state: fc.constantFrom(...states),
          hostHolds: fc.boolean(),
          resources: resources(name),
          interface: fc.option(
            fc.record({ addresses: fc.subarray(["192.0.2.1", "192.0.2.2"]), network: fc.constantFrom("lan", "dmz") }),
            {
              nil: undefined,
            },
          ),
        })
        .map(({ interface: wanted, ...parts }) =>
          guest(name, { ...parts, ...(wanted === undefined ? {} : { interface: wanted }) }),
        ),
      { nil: undefined },
    ),
    ownership: ownerships,
  });

const networkCase = (name: string) =>
  fc.record({
    name: fc.constant(name),
    found: fc.option(
      fc.record({
        subnet: fc.constantFrom(150, 151),
        how: fc.constantFrom("inactive", "active", "transient"),
        autostart: fc.boolean(),
      }),
      { nil: undefined },
    ),
    promise: fc.option(
      fc
        .record({
          state: fc.constantFrom("create", "running", "down", "delete" as const),
          hostHolds: fc.boolean(),
          resources: fc.constantFrom<EnvironmentResources>(
            {},
            spec(networkXml(name, 150)),
            spec(networkXml(name, 151)),
          ),
        })
        .map((parts) => network(name, parts as Parameters<typeof network>[1])),
      { nil: undefined },
    ),
  });

type GuestCase = typeof guestCase extends (name: string) => fc.Arbitrary<infer Case> ? Case : never;
type NetworkCase = typeof networkCase extends (name: string) => fc.Arbitrary<infer Case> ? Case : never;

function hostOf(guests: readonly GuestCase[], networks: readonly NetworkCase[]): LibvirtModel {
  const model = new LibvirtModel();
  for (const { name, found } of guests) {
    if (found === undefined) continue;
    const domain = model.define(name, found.xml);
    domain.state = found.state;
    domain.cooperative = found.cooperative;
    if (found.state !== "shutoff") domain.active = domain.inactive;
    else domain.managedSave = found.managedSave;
    if (found.transient && found.state !== "shutoff") domain.inactive = undefined;
    else domain.autostart = found.autostart;
  }
  for (const { name, found } of networks) {
    if (found === undefined) continue;
    const seen = model.defineNetwork(name, networkXml(name, found.subnet));
    if (found.how !== "inactive") seen.active = seen.inactive;
    if (found.how === "transient") seen.inactive = undefined;
    else seen.autostart = found.autostart;
  }
  return model;
}

/** What the language says of the end, without a look at the plan. */
function expectEnd(model: LibvirtModel, one: GuestCase, suspendsElsewhere: boolean): void {
  const { promise, ownership, found, name } = one;
  const state = model.domains.get(name)?.state;
  const isRunning = state === "running" || state === "blocked";
  if (promise === undefined) {
    expect(state).toBe(found?.state);
    return;
  }
  const mayRun = promise.hostHolds && (ownership?.kind === "sole" || ownership?.kind === "holds");
  const isUndecided =
    promise.hostHolds && (ownership === undefined || (ownership.kind === "elsewhere" && ownership.owner === undefined));
  if (promise.state === "delete") expect(state).toBeUndefined();
  else if (promise.state === "down") expect(isRunning || state === "paused").toBe(false);
  else if (promise.state === "suspended") expect(isRunning).toBe(false);
  else if (mayRun) expect(isRunning).toBe(true);
  else if (isUndecided) expect(state).toBe(found?.state);
  else if (suspendsElsewhere) expect(isRunning).toBe(false);
  else expect(isRunning || state === "paused").toBe(false);
}

test("one pass reaches every promise that can be kept, and a second pass does nothing", () => {
  fc.assert(
    fc.property(
      fc.tuple(...names.map(guestCase)),
      fc.tuple(networkCase("lan"), networkCase("default")),
      fc.boolean(),
      (guests, networks, suspendsElsewhere) => {
        const model = hostOf(guests, networks);
        const promises = [...guests, ...networks].flatMap(({ promise }): EnvironmentPromise[] =>
          promise === undefined ? [] : [promise],
        );
        const ownership = new Map(
          guests.flatMap(({ name, ownership: owned }) => (owned === undefined ? [] : [[name, owned] as const])),
        );
        const notOwnedState = suspendsElsewhere ? ("suspended" as const) : ("down" as const);
        const pass = {
          promises,
          ownership,
          settings: { ...defaultPlannerSettings, notOwnedState },
          cache: new ComparisonCache(),
        };
        const made = planPass(model, pass);
        expect(checkPlan(made, { promises, ownership, observation: model.observe() })).toEqual([]);
        performPlan(model, made);
        const failed = new Set(
          made.items.filter((item) => item.failure !== undefined).map((item) => item.promise.name),
        );
        for (const one of guests) if (!failed.has(one.name)) expectEnd(model, one, suspendsElsewhere);
        const second = planPass(model, pass);
        expect(second.items.flatMap((item) => item.steps)).toEqual([]);
        expect(second.items.flatMap((item) => item.failure?.code ?? [])).toEqual(
          made.items.flatMap((item) => item.failure?.code ?? []),
        );
        // Without a cache the answer is the same.
        const { cache: _unused, ...uncached } = pass;
        expect(planPass(model, uncached)).toEqual(second);
      },
    ),
    { numRuns: 600 },
  );
}, 60_000);
