/** What a pass does with promises beyond their states: order, outcomes, classes, locks, warnings, signals. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BerthConfig, defaultConfig } from "../src/config/berth-config.ts";
import { BerthHost, type ConvergeOptions } from "../src/converge.ts";
import type { PassEvent } from "../src/pass-event.ts";
import type { PassReport } from "../src/pass-report.ts";
import { fleetPolicy, type GuestLine } from "./fleet-policy.ts";
import { expectQuiet } from "./state-matrix.ts";

let folder: string;
let config: BerthConfig;
let host: BerthHost;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-converge-"));
  config = { ...defaultConfig, embedded: true, stateDir: join(folder, "state"), shutdownTimeoutMs: 50 };
  host = new BerthHost({ config });
});
afterEach(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

const xml = (name: string, extra = "") =>
  `<domain type='kvm'><name>${name}</name><memory>32768</memory><os><type>hvm</type></os>${extra}</domain>`;
const deaf = "<metadata><berth:embedded xmlns:berth='urn:berth:embedded' on-shutdown='ignore'/></metadata>";
const guest = (name: string, state: string, extra: Readonly<Record<string, string>> = {}): GuestLine => ({
  name,
  type: "kvm",
  state,
  resources: { env_spec: xml(name) },
  extra,
});

function policyFile(content: string | readonly GuestLine[]): string {
  const file = join(folder, "policy.cf");
  writeFileSync(file, typeof content === "string" ? content : fleetPolicy(content));
  return file;
}
const converge = (content: string | readonly GuestLine[], options: Partial<ConvergeOptions> = {}) =>
  host.converge({ files: [policyFile(content)], ignoreLocks: true, ...options });
const outcomes = (report: PassReport) =>
  Object.fromEntries(report.promises.map(({ name, outcome }) => [name, outcome]));
const reasonOf = (report: PassReport, name: string) => report.promises.find((one) => one.name === name)?.reason;
const stateOf = async (name: string) => {
  const [kvm] = await host.observations(["kvm"]);
  if (kvm === undefined || !("observation" in kvm)) throw new Error("not observed");
  return kvm.observation.domains.find((domain) => domain.name === name)?.state;
};

test("a dry run reports each step, changes nothing and leaves no file behind", async () => {
  const report = await converge([guest("a", "create")], { dryRun: true, explain: true, ignoreLocks: false });
  expect(report).toMatchObject({ dryRun: true, counts: { skipped: 1 } });
  expect(report.promises[0]?.steps.map(({ step, result }) => [step.kind, result])).toEqual([
    ["define-domain", "planned"],
    ["start-domain", "planned"],
  ]);
  expect(report.promises[0]?.explanation?.join("\n")).toContain("now absent");
  expect(await stateOf("a")).toBeUndefined();
  expect(existsSync(config.stateDir)).toBe(false);
});

test("networks come before the guests on them, and the report is in policy order", async () => {
  const wired = `<devices><interface type='network'><source network='lan'/></interface></devices>`;
  const lines = [
    { ...guest("web", "create"), resources: { env_spec: xml("web", wired) } },
    { name: "lan", type: "kvm_net", state: "create", resources: { env_spec: "<network><name>lan</name></network>" } },
  ];
  const report = await converge(lines);
  expect(report.promises.map(({ name, outcome }) => [name, outcome])).toEqual([
    ["web", "repaired"],
    ["lan", "repaired"],
  ]);
  expectQuiet(await converge(lines));
});

test("a guest on a network that nobody promised does not start, and says why", async () => {
  const wired = `<devices><interface type='network'><source network='elsewhere'/></interface></devices>`;
  const report = await converge([{ ...guest("web", "create"), resources: { env_spec: xml("web", wired) } }]);
  expect(outcomes(report)).toEqual({ web: "failed" });
  expect(reasonOf(report, "web")).toContain("network 'elsewhere' is not active");
});

test("depends_on makes a promise wait for the other one, whatever their order in the policy", async () => {
  const began: string[] = [];
  const onEvent = (event: PassEvent) => {
    if (event.kind === "step" && event.report === undefined) began.push(`${event.name} ${event.step.kind}`);
  };
  const lines = [
    guest("app", "create", { depends_on: '{ "database" }' }),
    guest("db", "create", { handle: "database" }),
  ];
  const report = await converge(lines, { onEvent });
  expect(outcomes(report)).toEqual({ app: "repaired", db: "repaired" });
  expect(began.indexOf("db start-domain")).toBeLessThan(began.indexOf("app define-domain"));
});

test("a promise that depends on one that failed, on nobody, or in a circle is skipped and says so", async () => {
  const report = await converge([
    { name: "broken", type: "kvm", state: "running", extra: { handle: "broken" } },
    guest("after-failure", "create", { depends_on: '{ "broken" }' }),
    guest("left", "create", { handle: "left", depends_on: '{ "right" }' }),
    guest("right", "create", { handle: "right", depends_on: '{ "left" }' }),
    guest("free", "create"),
  ]);
  expect(outcomes(report)).toEqual({
    broken: "failed",
    "after-failure": "skipped",
    left: "skipped",
    right: "skipped",
    free: "repaired",
  });
  expect(reasonOf(report, "after-failure")).toBe('depends on "broken", which was failed');
  expect(reasonOf(report, "left")).toContain('depends on "right"');
});

const classesPolicy = `
body common control { bundlesequence => { "fleet" }; }
bundle agent fleet
{
guest_environments:
  "a" environment_type => "kvm", environment_host => "any", environment_state => "create",
      environment_resources => spec("a"), classes => outcome("a");
  "bad" environment_type => "kvm", environment_host => "any", environment_state => "running", classes => outcome("bad");
  a_repaired::
  "b" environment_type => "kvm", environment_host => "any", environment_state => "create",
      environment_resources => spec("b");
reports:
  a_repaired:: "a was repaired";
  a_kept:: "a was kept";
  bad_failed:: "bad failed";
}
body environment_resources spec(name) { env_spec => "<domain type='kvm'><name>$(name)</name><memory>32768</memory><os><type>hvm</type></os></domain>"; }
body classes outcome(x) { promise_kept => { "$(x)_kept" }; promise_repaired => { "$(x)_repaired" }; repair_failed => { "$(x)_failed" }; }
`;

test("classes that promises define by their outcome let further promises and reports hold in the same pass", async () => {
  const first = await converge(classesPolicy);
  expect(outcomes(first)).toEqual({ a: "repaired", bad: "failed", b: "repaired" });
  expect(first.reports).toEqual(["a was repaired", "bad failed"]);
  const second = await converge(classesPolicy);
  expect(outcomes(second)).toEqual({ a: "kept", bad: "failed" });
  expect(second.reports).toEqual(["a was kept", "bad failed"]);
});

test("action_policy warn and nop say what they would do and do not do it", async () => {
  const content = [{ ...guest("a", "create"), action: { action_policy: "warn" } }];
  const report = await converge(content);
  expect(outcomes(report)).toEqual({ a: "skipped" });
  expect(reasonOf(report, "a")).toMatch(/^action_policy is warn; would define a, start a/);
  expect(await stateOf("a")).toBeUndefined();
});

test("a stated ifelapsed holds back a promise that was just evaluated, unless locks are ignored or it was edited", async () => {
  const withLocks = { ignoreLocks: false };
  const hourly = (state: string) => [{ ...guest("a", state), action: { ifelapsed: "60" } }];
  expect(outcomes(await converge(hourly("create"), withLocks))).toEqual({ a: "repaired" });
  const held = await converge(hourly("create"), withLocks);
  expect(outcomes(held)).toEqual({ a: "skipped" });
  expect(reasonOf(held, "a")).toMatch(/^evaluated \d+ s ago, ifelapsed is 60 min$/);
  expectQuiet(await converge(hourly("create")));
  expect(outcomes(await converge(hourly("down"), withLocks))).toEqual({ a: "repaired" });
});

test("a promise that failed is tried again at the next pass, whatever its ifelapsed", async () => {
  const lines = [{ name: "a", type: "kvm", state: "running", action: { ifelapsed: "60" } }];
  expect(outcomes(await converge(lines, { ignoreLocks: false }))).toEqual({ a: "failed" });
  expect(outcomes(await converge(lines, { ignoreLocks: false }))).toEqual({ a: "failed" });
});

test("a policy with an error is not acted on at all", async () => {
  const report = await converge(fleetPolicy([guest("a", "create"), guest("b", "creat")]));
  expect(report.diagnostics.filter(({ severity }) => severity === "error").length).toBeGreaterThan(0);
  expect(report.promises).toEqual([]);
  expect(await stateOf("a")).toBeUndefined();
});

test("a policy file that cannot be read is a finding, not a crash", async () => {
  const report = await host.converge({ files: [join(folder, "absent.cf")] });
  expect(report.diagnostics).toMatchObject([{ severity: "error", code: "POLICY_FILE_UNREADABLE" }]);
});

test("a type whose hypervisor cannot be reached fails with the reason, and the others go on", async () => {
  const uris = { test: "test+unix:///default?socket=/nowhere/sock" };
  await using mixed = new BerthHost({
    config: { ...config, embedded: false, uris },
    openHypervisor: async (uri) => {
      const { openLibvirtHypervisor } = await import("../src/adapters/libvirt/libvirt-hypervisor.ts");
      if (uri.startsWith("test")) return openLibvirtHypervisor(uri);
      const { EmbeddedHypervisor } = await import("../src/adapters/embedded/embedded-hypervisor.ts");
      const { StateStore } = await import("../src/adapters/embedded/state-store.ts");
      return new EmbeddedHypervisor({ store: new StateStore(join(folder, "mixed.json")) });
    },
  });
  const lines = [
    guest("fine", "create"),
    { name: "lost", type: "test", state: "down" },
    { name: "remote", type: "esx", state: "down" },
  ];
  const report = await mixed.converge({ files: [policyFile(lines)], ignoreLocks: true });
  expect(outcomes(report)).toEqual({ fine: "repaired", lost: "failed", remote: "failed" });
  expect(reasonOf(report, "lost")).toContain("/nowhere/sock");
  expect(reasonOf(report, "remote")).toContain("no host is configured for type esx");
  expect(report.promises.find(({ name }) => name === "remote")?.failure?.remedy).toContain("uris.esx");
  expect(report.hypervisors.map(({ type, reachable }) => [type, reachable]).toSorted()).toEqual([
    ["esx", false],
    ["kvm", true],
    ["test", false],
  ]);
});

test("a warm pass sees what changed in the policy and on the hypervisor since the last one", async () => {
  await converge([guest("a", "create")]);
  expectQuiet(await converge([guest("a", "create")]));
  expect(outcomes(await converge([guest("a", "suspended")]))).toEqual({ a: "repaired" });
  await using other = new BerthHost({ config });
  const second = join(folder, "second.cf");
  writeFileSync(second, fleetPolicy([guest("a", "down")]));
  await other.converge({ files: [second], ignoreLocks: true });
  expect(outcomes(await converge([guest("a", "suspended")]))).toEqual({ a: "repaired" });
  expect(await stateOf("a")).toBe("paused");
});

test("SIGTERM ends the pass early with a report of what was done and what was not", async () => {
  const lines = [{ ...guest("deaf", "create"), resources: { env_spec: xml("deaf", deaf) } }, guest("waits", "delete")];
  await converge(lines);
  const file = policyFile([{ ...lines[0], state: "down" } as GuestLine, guest("next", "create")]);
  const script = new URL("./converge-process.ts", import.meta.url).pathname;
  const slow = { ...config, shutdownTimeoutMs: 600_000 };
  const argument = JSON.stringify({ config: slow, options: { files: [file], ignoreLocks: true } });
  const child = spawn(process.execPath, [script, argument], { stdio: ["pipe", "pipe", "inherit"] });
  const output = text(child.stdout);
  child.stdin.end("go\n");
  // The guest waits to be shut down as soon as the lock of the first change could have been taken; a signal that
  // comes before that is as good, so there is nothing to wait for but the process's own word.
  await once(child.stdout, "data");
  const killing = setInterval(() => child.kill("SIGTERM"), 100);
  await once(child, "exit");
  clearInterval(killing);
  const report = JSON.parse((await output).trim().split("\n").at(-1) ?? "") as PassReport;
  expect(report.interrupted).toBe(true);
  expect(outcomes(report).next).not.toBe("repaired");
  expect(outcomes(report).deaf).not.toBe("repaired");
  expect(readdirSync(config.stateDir).filter((name) => name.endsWith(".lock"))).toEqual([]);
});

test("two policies may promise the same, but not against each other: both places are named, and nothing is done", async () => {
  const [first, second] = [join(folder, "first.cf"), join(folder, "second.cf")];
  writeFileSync(first, fleetPolicy([guest("a", "create")]));
  writeFileSync(second, fleetPolicy([guest("a", "create")]));
  expect(outcomes(await host.converge({ files: [first, second] }))).toEqual({ a: "repaired" });
  writeFileSync(second, fleetPolicy([guest("a", "down")]));
  const report = await host.converge({ files: [first, second] });
  expect(report.promises).toEqual([]);
  expect(report.diagnostics).toMatchObject([
    { code: "GUEST_CONTRADICTION", position: { file: second }, related: [{ position: { file: first } }] },
  ]);
});
