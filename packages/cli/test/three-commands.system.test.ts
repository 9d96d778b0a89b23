/** A fleet of two hosts with a witness, by three commands and the agents beside them: all real processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { agentClient } from "@berth/agent/api/client";
import { expect, it, onTestFinished } from "vitest";
import { ownLoopback } from "../../../test/support/loopback.ts";

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
    const child = this.#spawn(host, argv);
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.on("data", (bytes: Buffer) => {
        texts[name] += bytes.toString();
      });
    }
    const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { exitCode, ...texts };
  }

  startAgent(host: string): void {
    const child = this.#spawn(host, ["agent"]);
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

  #spawn(host: string, argv: readonly string[]): ChildProcess {
    const runDir = join(this.root, `run-${host}`);
    mkdirSync(runDir, { recursive: true });
    return spawn(process.execPath, [launcher, ...argv], {
      env: {
        ...process.env,
        ...{ BERTH_STATE_DIR: join(this.root, host), BERTH_RUN_DIR: runDir, BERTH_EMBEDDED: "true" },
        ...{ BERTH_POLICY: join(this.root, "site.cf"), BERTH_HTTP_LISTEN: `${ownLoopback()}:7948` },
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}

it("three commands make a fleet of two hosts and a witness; all three vote, also after one lost its disk", async () => {
  const ground = new Ground();
  onTestFinished(() => ground.end());
  const listen = () => ["--listen", `/ip4/${ownLoopback()}/tcp/7946`];
  const doorAt = ["--join-listen", `/ip4/${ownLoopback()}/tcp/7947`];
  const founded = await ground.berth("h1", "fleet", "init", "--host", "h1", "--tokens", "2", ...listen(), ...doorAt);
  expect(founded).toMatchObject({ exitCode: 0 });
  const [first = "", second = ""] = founded.stdout.trim().split("\n");
  ground.startAgent("h1");
  expect(await ground.berth("h2", "fleet", "join", first, "--host", "h2", ...listen())).toMatchObject({
    exitCode: 0,
  });
  ground.startAgent("h2");
  const witness = await ground.berth("w", "fleet", "join", second, "--witness", "--host", "w", ...listen());
  expect(witness).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("as witness, beside h1, h2") });
  ground.startAgent("w");
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
  ground.startAgent("h2");
  await expect.poll(async () => (await diskOfH2()) !== before, patiently).toBe(true);
  await expect.poll(() => votersSeenBy("h2"), patiently).toEqual({ voters: ["h1", "h2", "w"], heard: 3 });
  const replay = await ground.berth("h4", "fleet", "join", first, "--host", "h4", "--wait", "5s", ...listen());
  expect(replay).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/used already, by h2|nobody opens/) });
}, 180_000);
