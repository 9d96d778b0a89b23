/**
 * A container engine for the test of docker-compose.yml: the one that runs here, or a dockerd of the test's own, started by
 * hand from Debian's package. That one makes no default bridge and no firewall rules, so nothing of the machine changes; its
 * images stay under /var/cache, because the next run then builds in seconds.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const cache = "/var/cache/berth-compose";

/** Whether this run may make what no run before it has left. */
export const mayBuild = process.env.BERTH_COMPOSE === "build";
/** Why not, where it may not and would have to. */
export const notBuilt =
  "no image was made here yet; BERTH_COMPOSE=build npx vitest run test/compose makes it, in minutes";

/** A file that proves each Debian package is there. */
const packages: Readonly<Record<string, string>> = {
  "docker.io": "/usr/sbin/dockerd",
  "docker-compose": "/usr/bin/docker-compose",
  mmdebstrap: "/usr/bin/mmdebstrap",
};

/** An engine that answers, or the sentence that says why there is none. */
export type EngineStart =
  | { readonly kind: "engine"; readonly engine: Engine }
  | { readonly kind: "none"; readonly why: string };

/** A running engine. */
export interface Engine {
  /** What docker and docker-compose need in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Finds an engine, or starts one. Never throws: a machine where none can be had is a machine on which nothing is shown. */
export async function startEngine(): Promise<EngineStart> {
  if (answers({})) return { kind: "engine", engine: { environment: {}, stop: async () => {} } };
  if (process.getuid?.() !== 0)
    return { kind: "none", why: "no container engine runs here, and starting one needs root" };
  // Packages, a base and an image from nothing take three minutes: too much for every run, so once is asked for.
  if (!mayBuild && !existsSync(join(cache, "engine"))) return { kind: "none", why: notBuilt };
  const problem = installPackages();
  if (problem !== undefined) return { kind: "none", why: problem };
  return startOwnEngine();
}

async function startOwnEngine(): Promise<EngineStart> {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "berth-engine-"));
  const environment = { DOCKER_HOST: `unix://${folder}/sock` };
  const logFile = join(folder, "log");
  const log = openSync(logFile, "w");
  const options = {
    "data-root": join(cache, "engine"),
    "exec-root": join(folder, "exec"),
    pidfile: join(folder, "pid"),
    host: environment.DOCKER_HOST,
    bridge: "none",
    iptables: "false",
    ip6tables: "false",
  };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  // It ends with the test, however that ends, and the containers with it.
  const daemon = spawn("setpriv", ["--pdeathsig", "TERM", "dockerd", ...args], { stdio: ["ignore", log, log] });
  closeSync(log);
  daemon.on("error", () => {});
  const stop = async () => {
    await ended(daemon);
    // dockerd leaves the namespace of `network: host` mounted.
    const mounts = readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .flatMap((line) => line.split(" ")[1] ?? []);
    for (const mount of mounts.filter((path) => path.startsWith(`${folder}/`)).reverse()) spawnSync("umount", [mount]);
    rmSync(folder, { recursive: true, force: true });
  };
  const endMs = performance.now() + 30_000;
  while (!answers(environment)) {
    if (daemon.exitCode !== null || performance.now() > endMs) {
      const last = readFileSync(logFile, "utf8").trim().split("\n").at(-1) ?? "it said nothing";
      await stop();
      return { kind: "none", why: `dockerd does not start on this machine: ${last}` };
    }
    await delay(100);
  }
  return { kind: "engine", engine: { environment, stop } };
}

async function ended(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null || daemon.pid === undefined) return;
  const gone = new Promise((resolve) => daemon.once("exit", resolve));
  daemon.kill("SIGTERM");
  await gone;
}

function answers(environment: Readonly<Record<string, string>>): boolean {
  const { status } = spawnSync("docker", ["version"], { env: { ...process.env, ...environment }, stdio: "ignore" });
  return status === 0;
}

function installPackages(): string | undefined {
  const missing = Object.entries(packages).flatMap(([name, file]) => (existsSync(file) ? [] : [name]));
  if (missing.length === 0) return undefined;
  if (!existsSync("/usr/bin/apt-get")) return `${missing.join(", ")} missing, and no apt-get to install it`;
  // The package would start its daemon, with rules in this machine's firewall.
  const policy = "/usr/sbin/policy-rc.d";
  const ours = !existsSync(policy);
  if (ours) execFileSync("sh", ["-c", `printf '#!/bin/sh\\nexit 101\\n' > ${policy} && chmod 755 ${policy}`]);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "-y", "-q", "--no-install-recommends", ...missing];
  const { status } = spawnSync("apt-get", install, { env, stdio: "ignore" });
  if (ours) rmSync(policy, { force: true });
  return status === 0 ? undefined : `apt-get could not install ${missing.join(", ")}`;
}
