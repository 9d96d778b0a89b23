/**
 * Every promised state from every start state, for guests and networks: what a pass leaves behind, that the pass after
 * it does nothing and says nothing, and that a guest nobody promised is as it was.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BerthConfig, defaultConfig } from "../src/config/berth-config.ts";
import { BerthHost } from "../src/converge.ts";
import type { PassReport } from "../src/pass-report.ts";
import type { Hypervisor } from "../src/ports/hypervisor.ts";
import { type ContractHost, type StartState, startStates, stepOf } from "./contract-host.ts";
import { inWords } from "./domain-words.ts";
import { fleetPolicy, type GuestLine } from "./fleet-policy.ts";

/** A contract host that policy can reach. */
export interface MatrixHost extends ContractHost {
  readonly type: "kvm" | "test";
  readonly config: Partial<BerthConfig>;
}

const promisedStates = ["create", "running", "suspended", "down", "delete"] as const;
type PromisedState = (typeof promisedStates)[number];

const allTo = (state: string): Readonly<Record<StartState, string>> => ({
  absent: state,
  off: state,
  running: state,
  paused: state,
  transient: state,
  "managed save": state,
  crashed: state,
});

const expectedGuests: Readonly<Record<PromisedState, Readonly<Record<StartState, string>>>> = {
  create: allTo("running"),
  running: allTo("running"),
  suspended: allTo("paused"),
  // What is not there is down already; saved memory is no running guest.
  down: { ...allTo("off"), absent: "absent", "managed save": "off saved" },
  delete: allTo("absent"),
};

const networkStates = ["absent", "inactive", "active", "transient"] as const;
type NetworkState = (typeof networkStates)[number];
const expectedNetworks: Readonly<Record<Exclude<PromisedState, "suspended">, Readonly<Record<NetworkState, string>>>> =
  {
    create: { absent: "active", inactive: "active", active: "active", transient: "active" },
    running: { absent: "active", inactive: "active", active: "active", transient: "active" },
    down: { absent: "absent", inactive: "inactive", active: "inactive", transient: "inactive" },
    delete: { absent: "absent", inactive: "absent", active: "absent", transient: "absent" },
  };

/** Declares the matrix for one kind of host. */
export function describeStateMatrix(title: string, startHost: () => Promise<MatrixHost>): void {
  describe(title, () => {
    let host: MatrixHost;
    let hypervisor: Hypervisor;
    let folder: string;
    let berth: BerthHost;
    let config: BerthConfig;

    beforeAll(async () => {
      host = await startHost();
      hypervisor = await host.open();
      folder = mkdtempSync(join(tmpdir(), "berth-matrix-"));
      config = { ...defaultConfig, stateDir: join(folder, "state"), shutdownTimeoutMs: 200, ...host.config };
      berth = new BerthHost({ config });
    });
    afterAll(async () => {
      await berth?.close();
      await hypervisor?.close();
      await host?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function converge(lines: readonly GuestLine[], on = berth): Promise<PassReport> {
      const file = join(folder, "policy.cf");
      writeFileSync(file, fleetPolicy(lines));
      return on.converge({ files: [file], ignoreLocks: true });
    }

    async function arrange(name: string, state: StartState): Promise<void> {
      if (state === "absent") return;
      if (state === "transient") return host.arrangeTransient(name);
      await hypervisor.perform(stepOf({ kind: "define-domain", domain: name, xml: host.guestXml(name) }));
      if (state === "off") return;
      const paused = state === "paused";
      await hypervisor.perform(stepOf({ kind: "start-domain", domain: name, paused, discardSave: false }));
      if (state === "managed save") await host.arrangeManagedSave(name);
      if (state === "crashed") await host.arrangeCrashed(name);
    }

    async function arrangeNetwork(network: string, state: NetworkState): Promise<void> {
      if (state === "absent") return;
      if (state === "transient") return host.arrangeTransientNetwork(network);
      await hypervisor.perform(stepOf({ kind: "define-network", network, xml: host.networkXml(network) }));
      if (state === "active") await hypervisor.perform(stepOf({ kind: "start-network", network }));
    }

    async function removeGuests(names: readonly string[]): Promise<void> {
      for (const domain of names) {
        await hypervisor.perform(stepOf({ kind: "destroy-domain", domain }));
        await hypervisor.perform(stepOf({ kind: "undefine-domain", domain }));
      }
    }

    for (const promised of promisedStates) {
      test(`${promised} is reached from every start state, and then there is nothing to do`, async () => {
        const names = startStates.map((_, index) => `${promised}-${index}`);
        await Promise.all(startStates.map((state, index) => arrange(names[index] ?? "", state)));
        const bystander = `${promised}-bystander`;
        await arrange(bystander, "paused");
        const lines = names.map(
          (name): GuestLine => ({
            name,
            type: host.type,
            state: promised,
            resources: { env_spec: host.guestXml(name) },
          }),
        );
        const first = await converge(lines);
        expect(first.promises.filter(({ outcome }) => outcome === "failed")).toEqual([]);
        const domains = new Map((await hypervisor.observe()).domains.map((domain) => [domain.name, domain]));
        const reached = startStates.map((state, index) => [state, inWords(domains.get(names[index] ?? ""))]);
        expect(Object.fromEntries(reached)).toEqual(expectedGuests[promised]);
        expect(inWords(domains.get(bystander))).toBe("paused");
        expectQuiet(await converge(lines));
        await removeGuests([...names, bystander]);
      });
    }

    for (const promised of ["create", "running", "down", "delete"] as const) {
      test(`a network is brought to ${promised} from every start state, and then there is nothing to do`, async () => {
        const names = networkStates.map((_, index) => `n-${promised}-${index}`);
        for (const [index, state] of networkStates.entries()) await arrangeNetwork(names[index] ?? "", state);
        const lines = names.map(
          (name): GuestLine => ({
            name,
            type: `${host.type}_net`,
            state: promised,
            resources: { env_spec: host.networkXml(name) },
          }),
        );
        const first = await converge(lines);
        expect(first.promises.filter(({ outcome }) => outcome === "failed")).toEqual([]);
        const networks = new Map((await hypervisor.observe()).networks.map((network) => [network.name, network]));
        const reached = networkStates.map((state, index) => {
          const network = networks.get(names[index] ?? "");
          if (network === undefined) return [state, "absent"];
          const autostart = network.autostart === network.active ? "" : " with the wrong autostart";
          return [
            state,
            `${network.active ? "active" : "inactive"}${network.persistent ? "" : " transient"}${autostart}`,
          ];
        });
        expect(Object.fromEntries(reached)).toEqual(expectedNetworks[promised]);
        expectQuiet(await converge(lines));
        for (const network of names) {
          await hypervisor.perform(stepOf({ kind: "stop-network", network }));
          await hypervisor.perform(stepOf({ kind: "undefine-network", network }));
        }
      });
    }

    test.each([
      ["down", ["off", "off", "absent"]],
      ["suspended", ["paused", "paused", "absent"]],
    ] as const)(
      "where the class does not hold, create and running go %s as the host is configured",
      async (notOwnedState, expected) => {
        const names = ["elsewhere-create", "elsewhere-running", "elsewhere-absent"];
        await arrange("elsewhere-create", "running");
        await arrange("elsewhere-running", "paused");
        await using other = new BerthHost({ config: { ...config, notOwnedState } });
        const lines = names.map(
          (name, index): GuestLine => ({
            name,
            type: host.type,
            state: index === 1 ? "running" : "create",
            host: "no_such_class",
            resources: { env_spec: host.guestXml(name) },
          }),
        );
        await converge(lines, other);
        const domains = new Map((await hypervisor.observe()).domains.map((domain) => [domain.name, domain]));
        expect(names.map((name) => inWords(domains.get(name)))).toEqual(expected);
        expectQuiet(await converge(lines, other));
        await removeGuests(names);
      },
    );

    test("a guest that fails does not stop the others, and its reason is the hypervisor's own", async () => {
      const lines = ["bad-machine", "good-1", "good-2"].map(
        (name): GuestLine => ({
          name,
          type: host.type,
          state: "create",
          resources: {
            env_spec: host.guestXml(
              name,
              name === "bad-machine" ? { uuid: "11111111-2222-4333-8444-555555555555" } : {},
            ),
          },
        }),
      );
      await hypervisor.perform(
        stepOf({
          kind: "define-domain",
          domain: "uuid-owner",
          xml: host.guestXml("uuid-owner", { uuid: "11111111-2222-4333-8444-555555555555" }),
        }),
      );
      const report = await converge(lines);
      expect(report.counts).toMatchObject({ failed: 1, repaired: 2 });
      const failed = report.promises.find(({ outcome }) => outcome === "failed");
      expect(failed).toMatchObject({ name: "bad-machine", reason: expect.stringContaining("uuid-owner") });
      await removeGuests(["uuid-owner", "bad-machine", "good-1", "good-2"]);
    });
  });
}

/** Everything kept, without a step and without a word. */
export function expectQuiet(report: PassReport): void {
  const loud = report.promises.filter(
    ({ outcome, steps, pending }) => outcome !== "kept" || steps.length > 0 || pending.length > 0,
  );
  expect(loud).toEqual([]);
}
