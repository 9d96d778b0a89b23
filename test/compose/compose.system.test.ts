/** docker-compose.yml as a user meets it: one command up, and what the README claims of a fleet. Needs a container engine. */
import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { overlapsOf } from "../support/fleet/run-record.ts";
import { type EngineStart, mayBuild, notBuilt, startEngine } from "./engine.ts";
import { NodeRecorder, spansOf } from "./node-recorder.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const script = `${checkout}deploy/compose.sh`;
const nodes = ["h1", "h2", "h3"];
const guests = ["web1", "web2", "db1"];
const base = "berth-test-base:12";

let started: EngineStart = { kind: "none", why: "it was not looked for" };
let environment: NodeJS.ProcessEnv = {};
const recorder = new NodeRecorder();

beforeAll(async () => {
  started = await startEngine();
  if (started.kind === "none") return;
  environment = {
    ...process.env,
    ...started.engine.environment,
    COMPOSE_PROJECT_NAME: "berth-test",
    BERTH_NET: "10.78.78",
    BERTH_IMAGE: "berth-test-node",
    BERTH_BASE: base,
    // All that the image needs, so that the layers above it are made without a network, but for the npm packages.
    BERTH_BASE_PACKAGES:
      "npm,libvirt-daemon-system,libvirt-clients,qemu-system-x86,dnsmasq-base,iproute2,iptables,nftables,procps,tini",
    BERTH_PROFILE: "lan",
  };
  const has = await promisify(execFile)("docker", ["image", "inspect", base], { env: environment }).catch(
    () => undefined,
  );
  if (has === undefined && !mayBuild) {
    await started.engine.stop();
    started = { kind: "none", why: notBuilt };
    return;
  }
  if (has === undefined) await compose("base");
  await compose("down");
  await compose("up");
  for (const node of nodes) listen(node);
}, 400_000);

afterAll(async () => {
  recorder.close();
  if (started.kind === "none") return;
  await compose("down");
  await started.engine.stop();
}, 90_000);

describe("the fleet of docker-compose.yml", () => {
  beforeEach((context) => {
    if (started.kind === "none") context.skip(`not shown on this machine: ${started.why}`);
  });

  it("is up with one command, each guest on exactly one node", async () => {
    await settled(nodes, 60_000);
    expect(await compose("exec", "h1", "berth", "get", "hosts", "-o", "name")).toMatch(/h1.*h2.*h3/s);
  }, 90_000);

  it("pauses the guests of a node whose cable is pulled and runs them on another, never two at once", async () => {
    const owner = await ownerOf("web1");
    const rest = nodes.filter((node) => node !== owner);
    await compose("partition", owner);
    await settled(rest, 60_000);
    expect((await states(owner)).get("web1")).not.toBe("running");
    expectNoOverlap();
  }, 90_000);

  it("is whole again when it heals, each guest once", async () => {
    await compose("heal");
    await settled(
      nodes,
      60_000,
      (all) => all.filter((states) => states.has("web1") && states.get("web1") !== "shut off").length === 1,
    );
    expectNoOverlap();
  }, 90_000);

  it("does not start a guest by hand on the wrong node, and names the right one", async () => {
    const owner = await ownerOf("web1");
    const stopped = await Promise.all(nodes.map(async (node) => ((await states(node)).has("web1") ? node : owner)));
    const [wrong] = stopped.filter((node) => node !== owner);
    if (wrong === undefined) throw new Error("no other node has the definition of web1");
    const start = compose("exec", wrong, "virsh", "-q", "-c", "qemu:///system", "start", "web1");
    await expect(start).rejects.toThrow(new RegExp(`\\b${owner}\\b`));
    expect((await states(wrong)).get("web1")).toBe("shut off");
  }, 60_000);

  it("runs the guests of a node without power on the others, and takes the node back", async () => {
    const victim = await ownerOf("web1");
    const rest = nodes.filter((node) => node !== victim);
    await compose("kill", victim);
    recorder.cutOff(victim, guests, Date.now());
    await settled(rest, 60_000);
    await compose("heal");
    await until(`${victim} answers again`, 60_000, async () => {
      listen(victim);
      return (await compose("exec", victim, "berth", "status").catch(() => "")) !== "";
    });
    await settled(nodes, 60_000);
    expectNoOverlap();
  }, 180_000);
});

async function compose(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(script, args, { env: environment, maxBuffer: 16 << 20 });
  return stdout;
}

function listen(node: string): void {
  recorder.listen(node, [script, "exec", node], environment);
}

/** State by guest, as the node's own libvirtd says; empty where it does not answer. */
async function states(node: string): Promise<ReadonlyMap<string, string>> {
  const text = await compose("exec", node, "virsh", "-q", "-c", "qemu:///system", "list", "--all").catch(() => "");
  const rows = text.split("\n").map((row) => /^\s*\S+\s+(\S+)\s+(.+?)\s*$/.exec(row) ?? []);
  return new Map(rows.flatMap(([, guest, state]) => (guest && state ? [[guest, state] as const] : [])));
}

async function ownerOf(guest: string): Promise<string> {
  for (const node of nodes) if ((await states(node)).get(guest) === "running") return node;
  throw new Error(`${guest} runs nowhere`);
}

/** Waits until every guest runs on exactly one of `among`. */
async function settled(
  among: readonly string[],
  withinMs: number,
  also: (all: readonly ReadonlyMap<string, string>[]) => boolean = () => true,
): Promise<void> {
  let all: readonly ReadonlyMap<string, string>[] = [];
  const isSettled = async () => {
    all = await Promise.all(among.map(states));
    return guests.every((guest) => all.filter((one) => one.get(guest) === "running").length === 1) && also(all);
  };
  await until(`every guest runs on exactly one of ${among.join(", ")}`, withinMs, isSettled, () =>
    among.map((node, index) => `${node}: ${JSON.stringify([...(all[index] ?? [])])}`).join("\n"),
  );
}

async function until(
  what: string,
  withinMs: number,
  holds: () => Promise<boolean>,
  describeNow: () => string = () => "",
): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs / 1000} s: ${what}\n${describeNow()}`);
    await delay(200);
  }
}

function expectNoOverlap(): void {
  expect(recorder.events.length).toBeGreaterThan(0);
  expect(overlapsOf(spansOf(recorder.events, Date.now()))).toEqual([]);
}
