/** A fleet of two hosts with a witness, by three commands and the agents beside them: all real processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { agentClient } from "@berth/agent/api/client";
import { expect, it, onTestFinished } from "vitest";

const launcher = fileURLToPath(new URL("../bin/berth.js", import.meta.url));
const patiently = { timeout: 40_000, interval: 200 };

/** A folder, and every process that the test started there; both end with it. */
class Ground {
  readonly root = mkdtempSync(join(tmpdir(), "berth-three-"));
  readonly #agents = new Map<string, ChildProcess>();

  constructor() {
    writeFileSync(join(this.root, "site.cf"), "bundle agent main\n{\n}\n");
  }

  /** Runs one command on a host to its end. */
  async berth(host: string, ...argv: string[]): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
    const child = await this.#spawn(host, argv);
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.on("data", (bytes: Buffer) => {
        texts[name] += bytes.toString();
      });
    }
    const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { exitCode, ...texts };
  }

  async startAgent(host: string): Promise<void> {
    const child = await this.#spawn(host, ["agent"]);
    child.stderr?.resume();
    this.#agents.set(host, child);
  }

  client(host: string) {
    return agentClient({ socketPath: join(this.root, `run-${host}`, "agent.sock") });
  }

  /** Ends the agent of a host as a power cut does. */
  async kill(host: string): Promise<void> {
    const child = this.#agents.get(host);
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async end(): Promise<void> {
    for (const host of this.#agents.keys()) await this.kill(host);
    rmSync(this.root, { recursive: true, force: true });
  }

  async #spawn(host: string, argv: readonly string[]): Promise<ChildProcess> {
    const runDir = join(this.root, `run-${host}`);
    mkdirSync(runDir, { recursive: true });
    return spawn(process.execPath, [launcher, ...argv], {
      env: {
        ...process.env,
        ...{ BERTH_STATE_DIR: join(this.root, host), BERTH_RUN_DIR: runDir, BERTH_EMBEDDED: "true" },
        ...{ BERTH_POLICY: join(this.root, "site.cf"), BERTH_HTTP_LISTEN: `127.0.0.1:${await freePort()}` },
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}

it("three commands make a fleet of two hosts and a witness; all three vote, also after one lost its disk", async () => {
  const ground = new Ground();
  onTestFinished(() => ground.end());
  const [door, ...ports] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const at = (port: number | undefined) => ["--listen", `/ip4/127.0.0.1/tcp/${port}`];
  const doorAt = ["--join-listen", `/ip4/127.0.0.1/tcp/${door}`];
  const founded = await ground.berth(
    "h1",
    "fleet",
    "init",
    "--host",
    "h1",
    "--tokens",
    "2",
    ...at(ports[0]),
    ...doorAt,
  );
  expect(founded).toMatchObject({ exitCode: 0 });
  const [first = "", second = ""] = founded.stdout.trim().split("\n");
  await ground.startAgent("h1");
  expect(await ground.berth("h2", "fleet", "join", first, "--host", "h2", ...at(ports[1]))).toMatchObject({
    exitCode: 0,
  });
  await ground.startAgent("h2");
  const witness = await ground.berth("w", "fleet", "join", second, "--witness", "--host", "w", ...at(ports[2]));
  expect(witness).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("as witness, beside h1, h2") });
  await ground.startAgent("w");
  const votersSeenBy = async (host: string) => {
    const { claims } = await ground.client(host).snapshot();
    return { voters: claims.config.voters.map((voter) => voter.host).sort(), heard: claims.votersHeard };
  };
  for (const host of ["h1", "h2"]) {
    await expect.poll(() => votersSeenBy(host), patiently).toEqual({ voters: ["h1", "h2", "w"], heard: 3 });
  }
  const diskOfH2 = async () =>
    (await ground.client("h1").snapshot()).claims.config.voters.find(({ host }) => host === "h2")?.voter;
  const before = await diskOfH2();
  await ground.kill("h2");
  rmSync(join(ground.root, "h2", "store"), { recursive: true });
  await ground.startAgent("h2");
  await expect.poll(async () => (await diskOfH2()) !== before, patiently).toBe(true);
  await expect.poll(() => votersSeenBy("h2"), patiently).toEqual({ voters: ["h1", "h2", "w"], heard: 3 });
  const replay = await ground.berth(
    "h4",
    "fleet",
    "join",
    first,
    "--host",
    "h4",
    "--wait",
    "5s",
    ...at(await freePort()),
  );
  expect(replay).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/used already, by h2|nobody opens/) });
}, 180_000);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
