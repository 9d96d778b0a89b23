/**
 * What every hypervisor adapter must do, whoever is behind it: each kind of step from each start state, with the state
 * after it or the code of the refusal. A suite calls {@link describeHypervisorContract} with its own host.
 */
import type { DomainStep, NetworkStep, Step } from "@berth/planner";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AgentError } from "../src/agent-error.ts";
import type { Hypervisor, LifecycleEvent } from "../src/ports/hypervisor.ts";
import { inWords } from "./domain-words.ts";

export const startStates = ["absent", "off", "running", "paused", "transient", "managed save", "crashed"] as const;
export type StartState = (typeof startStates)[number];

/** A host under test, with the means to bring a guest into a state that no step leads to. */
export interface ContractHost {
  open(): Promise<Hypervisor>;
  guestXml(name: string, init?: { uuid?: string; vcpus?: number; vcpusMaximum?: number; deaf?: boolean }): string;
  networkXml(name: string): string;
  /** Brings an absent guest into a state by other means than the adapter. */
  arrangeTransient(name: string): Promise<void>;
  arrangeManagedSave(name: string): Promise<void>;
  arrangeCrashed(name: string): Promise<void>;
  arrangeTransientNetwork(name: string): Promise<void>;
  /** Undefining an active network: libvirt's network driver lets it run on, its test driver refuses. */
  readonly undefineOfActiveNetwork: "active transient" | "OPERATION_INVALID";
  /** Folder for new disks. */
  readonly volumeFolder: string;
  close(): Promise<void>;
}

/** A step with the words for people filled in. */
export function stepOf(step: DistributiveOmit<Step, "reason" | "tag">): Step {
  return { reason: "contract", tag: "live", ...step } as Step;
}
type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

type Expectations = Readonly<Record<StartState, string>>;

const same: Expectations = {
  absent: "NOT_FOUND",
  off: "off",
  running: "running",
  paused: "paused",
  transient: "running transient",
  "managed save": "off saved",
  crashed: "off",
};

const stopped: Expectations = { ...same, absent: "absent", running: "off", paused: "off", transient: "absent" };

const cells: readonly (readonly [string, (name: string) => DomainStepInit, Expectations])[] = [
  [
    "start-domain",
    (domain) => ({ kind: "start-domain", domain, paused: false, discardSave: false }),
    { ...same, off: "running", paused: "OPERATION_INVALID", "managed save": "running", crashed: "running" },
  ],
  [
    "start-domain paused",
    (domain) => ({ kind: "start-domain", domain, paused: true, discardSave: false }),
    {
      ...same,
      off: "paused",
      running: "OPERATION_INVALID",
      transient: "OPERATION_INVALID",
      "managed save": "paused",
      crashed: "paused",
    },
  ],
  [
    "start-domain that discards a managed save",
    (domain) => ({ kind: "start-domain", domain, paused: false, discardSave: true }),
    { ...same, off: "running", paused: "OPERATION_INVALID", "managed save": "running", crashed: "running" },
  ],
  [
    "resume-domain",
    (domain) => ({ kind: "resume-domain", domain }),
    {
      ...same,
      off: "OPERATION_INVALID",
      paused: "running",
      "managed save": "OPERATION_INVALID",
      crashed: "OPERATION_INVALID",
    },
  ],
  [
    "suspend-domain",
    (domain) => ({ kind: "suspend-domain", domain }),
    {
      ...same,
      off: "OPERATION_INVALID",
      running: "paused",
      transient: "paused transient",
      "managed save": "OPERATION_INVALID",
      crashed: "OPERATION_INVALID",
    },
  ],
  ["shutdown-domain", (domain) => ({ kind: "shutdown-domain", domain, timeoutMs: 300 }), stopped],
  ["destroy-domain", (domain) => ({ kind: "destroy-domain", domain }), stopped],
  [
    "undefine-domain",
    (domain) => ({ kind: "undefine-domain", domain }),
    {
      absent: "absent",
      off: "absent",
      running: "running transient",
      paused: "paused transient",
      transient: "running transient",
      "managed save": "absent",
      crashed: "absent",
    },
  ],
  [
    "remove-managed-save",
    (domain) => ({ kind: "remove-managed-save", domain }),
    { ...same, absent: "absent", "managed save": "off" },
  ],
  [
    "set-vcpus of the next boot",
    (domain) => ({ kind: "set-vcpus", domain, count: 2, live: false, config: true }),
    { ...same, transient: "OPERATION_INVALID" },
  ],
  [
    "set-memory of the next boot",
    (domain) => ({ kind: "set-memory", domain, kib: 16_384, live: false, config: true }),
    { ...same, transient: "OPERATION_INVALID" },
  ],
  [
    "set-domain-autostart",
    (domain) => ({ kind: "set-domain-autostart", domain, autostart: true }),
    { ...same, transient: "OPERATION_INVALID" },
  ],
];

type DomainStepInit = DistributiveOmit<DomainStep, "reason" | "tag">;
type NetworkStepInit = DistributiveOmit<NetworkStep, "reason" | "tag">;

const networkStates = ["absent", "inactive", "active", "transient"] as const;
type NetworkState = (typeof networkStates)[number];

const networkCells: readonly (readonly [
  string,
  (network: string) => NetworkStepInit,
  Readonly<Record<NetworkState, string>>,
])[] = [
  [
    "start-network",
    (network) => ({ kind: "start-network", network }),
    { absent: "NOT_FOUND", inactive: "active", active: "active", transient: "active transient" },
  ],
  [
    "stop-network",
    (network) => ({ kind: "stop-network", network }),
    { absent: "absent", inactive: "inactive", active: "inactive", transient: "absent" },
  ],
  [
    "undefine-network",
    (network) => ({ kind: "undefine-network", network }),
    { absent: "absent", inactive: "absent", active: "active transient", transient: "active transient" },
  ],
  [
    "set-network-autostart",
    (network) => ({ kind: "set-network-autostart", network, autostart: true }),
    { absent: "NOT_FOUND", inactive: "inactive", active: "active", transient: "OPERATION_INVALID" },
  ],
];

/**
 * Declares the suite for one kind of host.
 *
 * @param traits - `guestsPowerOff`: every guest powers off as soon as it is asked, as those of the test driver do, so
 * that nobody ever waits for one
 */
export function describeHypervisorContract(
  title: string,
  startHost: () => Promise<ContractHost>,
  traits: { readonly guestsPowerOff: boolean } = { guestsPowerOff: false },
): void {
  describe(title, () => {
    let host: ContractHost;
    let hypervisor: Hypervisor;

    beforeAll(async () => {
      host = await startHost();
      hypervisor = await host.open();
    });
    afterAll(async () => {
      await hypervisor?.close();
      await host?.close();
    });

    const perform = (step: DistributiveOmit<Step, "reason" | "tag">) => hypervisor.perform(stepOf(step));
    const domainNamed = async (name: string) =>
      (await hypervisor.observe()).domains.find((domain) => domain.name === name);
    const networkInWords = async (name: string) => {
      const network = (await hypervisor.observe()).networks.find((candidate) => candidate.name === name);
      if (network === undefined) return "absent";
      return `${network.active ? "active" : "inactive"}${network.persistent ? "" : " transient"}`;
    };

    async function arrange(name: string, state: StartState): Promise<void> {
      if (state === "absent") return;
      if (state === "transient") return host.arrangeTransient(name);
      await perform({ kind: "define-domain", domain: name, xml: host.guestXml(name, { vcpusMaximum: 2 }) });
      if (state === "off") return;
      await perform({ kind: "start-domain", domain: name, paused: state === "paused", discardSave: false });
      if (state === "managed save") await host.arrangeManagedSave(name);
      if (state === "crashed") await host.arrangeCrashed(name);
    }

    async function arrangeNetwork(name: string, state: NetworkState): Promise<void> {
      if (state === "absent") return;
      if (state === "transient") return host.arrangeTransientNetwork(name);
      await perform({ kind: "define-network", network: name, xml: host.networkXml(name) });
      if (state === "active") await perform({ kind: "start-network", network: name });
    }

    /** What the step leads to: the state after it, or the code of the refusal. */
    async function outcomeOf(step: DistributiveOmit<Step, "reason" | "tag">, look: () => Promise<string>) {
      try {
        await perform(step);
      } catch (error) {
        if (error instanceof AgentError) return error.code;
        throw error;
      }
      return look();
    }

    for (const [kind, stepFor, expected] of cells) {
      test(`${kind} leads from each start state where it should, and may be repeated`, async () => {
        const outcomes = await Promise.all(
          startStates.map(async (state, index) => {
            const name = `${kind.replaceAll(" ", "-")}-${index}`;
            await arrange(name, state);
            const step = stepFor(name);
            const look = async () => inWords(await domainNamed(name));
            const first = await outcomeOf(step, look);
            const repeated = await outcomeOf(step, look);
            await perform({ kind: "destroy-domain", domain: name });
            await perform({ kind: "undefine-domain", domain: name });
            return [state, first, repeated] as const;
          }),
        );
        expect(Object.fromEntries(outcomes.map(([state, first]) => [state, first]))).toEqual(expected);
        expect(Object.fromEntries(outcomes.map(([state, , repeated]) => [state, repeated]))).toEqual(expected);
      });
    }

    test("define-domain makes any start state persistent and leaves what runs alone", async () => {
      const outcomes = await Promise.all(
        startStates.map(async (state, index) => {
          const name = `define-${index}`;
          await arrange(name, state);
          const uuid = (await domainNamed(name))?.uuid;
          const xml = host.guestXml(name, { vcpusMaximum: 2, ...(uuid !== undefined && { uuid }) });
          await perform({ kind: "define-domain", domain: name, xml });
          const after = await domainNamed(name);
          await perform({ kind: "destroy-domain", domain: name });
          await perform({ kind: "undefine-domain", domain: name });
          return [state, inWords(after)] as const;
        }),
      );
      expect(Object.fromEntries(outcomes)).toEqual({ ...same, absent: "off", transient: "running" });
    });

    for (const [kind, stepFor, expected] of networkCells) {
      test(`${kind} leads from each start state where it should, and may be repeated`, async () => {
        const outcomes: [string, string][] = [];
        const repeats: [string, string][] = [];
        for (const [index, state] of networkStates.entries()) {
          const name = `${kind}-${index}`;
          await arrangeNetwork(name, state);
          const look = () => networkInWords(name);
          outcomes.push([state, await outcomeOf(stepFor(name), look)]);
          repeats.push([state, await outcomeOf(stepFor(name), look)]);
          await perform({ kind: "stop-network", network: name });
          await perform({ kind: "undefine-network", network: name });
        }
        const here = kind === "undefine-network" ? { ...expected, active: host.undefineOfActiveNetwork } : expected;
        expect(Object.fromEntries(outcomes)).toEqual(here);
        expect(Object.fromEntries(repeats)).toEqual(here);
      });
    }

    test("a definition is kept with what the hypervisor fills in: a UUID, and sizes in KiB", async () => {
      await perform({ kind: "define-domain", domain: "filled", xml: host.guestXml("filled") });
      const xml = (await hypervisor.domainXml(["filled", "no such guest"], "inactive")).texts.get("filled") ?? "";
      const { uuid } = (await domainNamed("filled")) ?? {};
      expect(xml).toContain(`<uuid>${uuid}</uuid>`);
      expect(xml).toContain("<memory unit='KiB'>32768</memory>".replaceAll("'", xml.includes("'KiB'") ? "'" : '"'));
      await perform({ kind: "undefine-domain", domain: "filled" });
    });

    test("a vanished name is left out of the XML that was asked for", async () => {
      expect([...(await hypervisor.domainXml(["no such guest"], "active")).texts.keys()]).toEqual([]);
      expect([...(await hypervisor.networkXml(["no such network"], "inactive")).texts.keys()]).toEqual([]);
    });

    test("the XML of both views follows a change of the next boot", async () => {
      const name = "two-views";
      await perform({ kind: "define-domain", domain: name, xml: host.guestXml(name, { vcpusMaximum: 2 }) });
      await perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
      await hypervisor.observe();
      await hypervisor.domainXml([name], "inactive");
      await perform({ kind: "set-vcpus", domain: name, count: 2, live: false, config: true });
      const inactive = (await hypervisor.domainXml([name], "inactive")).texts.get(name);
      const active = (await hypervisor.domainXml([name], "active")).texts.get(name);
      expect(inactive).toMatch(/<vcpu placement=.static.>2<\/vcpu>/);
      expect(active).toMatch(/<vcpu placement=.static. current=.1.>2<\/vcpu>/);
      await perform({ kind: "destroy-domain", domain: name });
      await perform({ kind: "undefine-domain", domain: name });
    });

    test("a domain's life is told in order", async () => {
      const name = "eventful";
      const heard: LifecycleEvent["change"][] = [];
      const gone = Promise.withResolvers<void>();
      const stop = await hypervisor.onLifecycle((event) => {
        if (event.domain !== name) return;
        heard.push(event.change);
        if (event.change === "undefined") gone.resolve();
      });
      await perform({ kind: "define-domain", domain: name, xml: host.guestXml(name) });
      await perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
      await perform({ kind: "suspend-domain", domain: name });
      await perform({ kind: "resume-domain", domain: name });
      await perform({ kind: "destroy-domain", domain: name });
      await perform({ kind: "undefine-domain", domain: name });
      await gone.promise;
      stop();
      // QEMU tells of its own first resume as well, so the order is looked at and not the number.
      const told = ["defined", "started", "suspended", "resumed", "stopped", "undefined"].map((change) =>
        heard.lastIndexOf(change as LifecycleEvent["change"]),
      );
      expect(told).toEqual(told.toSorted((left, right) => left - right));
      expect(told).not.toContain(-1);
    });

    test("a guest that ignores the shutdown request is destroyed after the timeout, and not before", async () => {
      const name = "deaf";
      await perform({ kind: "define-domain", domain: name, xml: host.guestXml(name, { deaf: true }) });
      await perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
      const began = performance.now();
      await perform({ kind: "shutdown-domain", domain: name, timeoutMs: 400 });
      const tookMs = performance.now() - began;
      expect(inWords(await domainNamed(name))).toBe("off");
      if (!traits.guestsPowerOff) expect(tookMs).toBeGreaterThan(399);
      await perform({ kind: "undefine-domain", domain: name });
    });

    test("shutting down ends as soon as the guest has stopped, and not with the timeout", async () => {
      const name = "obedient";
      await perform({ kind: "define-domain", domain: name, xml: host.guestXml(name, { deaf: true }) });
      await perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
      const began = performance.now();
      const shutdown = perform({ kind: "shutdown-domain", domain: name, timeoutMs: 600_000 });
      // Stands for the guest that powers off: to whoever waits, a stopped guest is a stopped guest.
      await perform({ kind: "destroy-domain", domain: name });
      await shutdown;
      expect(performance.now() - began).toBeLessThan(20_000);
      expect(inWords(await domainNamed(name))).toBe("off");
      await perform({ kind: "undefine-domain", domain: name });
    });

    if (!traits.guestsPowerOff) {
      test("waiting for a guest to shut down ends at once when it is aborted, and leaves the guest to its shutdown", async () => {
        const name = "aborted";
        await perform({ kind: "define-domain", domain: name, xml: host.guestXml(name, { deaf: true }) });
        await perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
        const aborted = hypervisor.perform(
          stepOf({ kind: "shutdown-domain", domain: name, timeoutMs: 60_000 }),
          AbortSignal.timeout(50),
        );
        await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
        expect(inWords(await domainNamed(name))).toBe("running");
        await perform({ kind: "destroy-domain", domain: name });
        await perform({ kind: "undefine-domain", domain: name });
      });
    }

    test.each(["with blank", "quote'and\"quote", "<&>", "ümläut-日本", "a;b|c$(d)", "-leading", "%s%n"])(
      "a guest may be called %j",
      async (name) => {
        const escaped = name.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
        await perform({ kind: "define-domain", domain: name, xml: host.guestXml(escaped) });
        expect(inWords(await domainNamed(name))).toBe("off");
        await perform({ kind: "set-domain-autostart", domain: name, autostart: true });
        expect((await domainNamed(name))?.autostart).toBe(true);
        expect([...(await hypervisor.domainXml([name], "inactive")).texts.keys()]).toEqual([name]);
        await perform({ kind: "undefine-domain", domain: name });
        expect(inWords(await domainNamed(name))).toBe("absent");
      },
    );

    test("a name with a slash, broken XML and a second UUID for a name are refused, each with a reason", async () => {
      const refused = async (domain: string, xml: string) =>
        perform({ kind: "define-domain", domain, xml }).then(
          () => "accepted",
          (error: AgentError) => error.code,
        );
      expect(await refused("a/b", host.guestXml("a/b"))).toBe("XML_INVALID");
      expect(await refused("broken", "<domain><name>broken</name>")).toBe("XML_INVALID");
      await perform({ kind: "define-domain", domain: "twice", xml: host.guestXml("twice") });
      const other = "11111111-2222-4333-8444-555555555555";
      expect(await refused("twice", host.guestXml("twice", { uuid: other }))).toBe("OPERATION_FAILED");
      await perform({ kind: "undefine-domain", domain: "twice" });
    });

    test("create-volume makes the disk once, and again is no error", async () => {
      const path = `${host.volumeFolder}/contract.qcow2`;
      const step = { kind: "create-volume", domain: "disk", path, capacityBytes: 10 * 1024 ** 2 } as const;
      expect((await hypervisor.existingVolumes([path])).size).toBe(0);
      await perform(step);
      await perform(step);
      expect([...(await hypervisor.existingVolumes([path, "/nowhere/x.qcow2"]))]).toEqual([path]);
    });

    test("two connections see each other's changes", async () => {
      const other = await host.open();
      await perform({ kind: "define-domain", domain: "shared", xml: host.guestXml("shared") });
      const seen = (await other.observe()).domains.map(({ name }) => name);
      await perform({ kind: "undefine-domain", domain: "shared" });
      await other.close();
      expect(seen).toContain("shared");
    });

    test("a brief look tells the states of now, a domain that has just come among them", async () => {
      const stateNow = async (name: string) => {
        const { domains } = await hypervisor.observe({ brief: true });
        return domains.find((domain) => domain.name === name)?.state ?? "absent";
      };
      await hypervisor.observe();
      expect(await stateNow("brief")).toBe("absent");
      await perform({ kind: "define-domain", domain: "brief", xml: host.guestXml("brief") });
      expect(await stateNow("brief")).toBe("shutoff");
      await perform({ kind: "start-domain", domain: "brief", paused: true, discardSave: false });
      expect(await stateNow("brief")).toBe("paused");
      await perform({ kind: "destroy-domain", domain: "brief" });
      await perform({ kind: "undefine-domain", domain: "brief" });
      expect(await stateNow("brief")).toBe("absent");
    });

    test("a brief look after a change of our own tells what was changed, autostart among it", async () => {
      const domain = "brief-flags";
      const autostartNow = async () => {
        const { domains } = await hypervisor.observe({ brief: true });
        return domains.find(({ name }) => name === domain)?.autostart;
      };
      await perform({ kind: "define-domain", domain, xml: host.guestXml(domain) });
      expect(await autostartNow()).toBe(false);
      await perform({ kind: "set-domain-autostart", domain, autostart: true });
      expect(await autostartNow()).toBe(true);
      await perform({ kind: "set-domain-autostart", domain, autostart: false });
      expect(await autostartNow()).toBe(false);
      await perform({ kind: "undefine-domain", domain });
    });

    test("wake-domain is refused for a guest that sleeps in no way, and fine for one that is awake", async () => {
      const name = "sleepless";
      await perform({ kind: "define-domain", domain: name, xml: host.guestXml(name) });
      const look = async () => inWords(await domainNamed(name));
      expect(await outcomeOf({ kind: "wake-domain", domain: name }, look)).toBe("OPERATION_INVALID");
      await perform({ kind: "start-domain", domain: name, paused: false, discardSave: false });
      expect(await outcomeOf({ kind: "wake-domain", domain: name }, look)).toBe("running");
      await perform({ kind: "destroy-domain", domain: name });
      await perform({ kind: "undefine-domain", domain: name });
    });
  });
}
