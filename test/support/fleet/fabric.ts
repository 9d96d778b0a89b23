/**
 * The network between private hosts: one bridge in a namespace that belongs to the test, one cable to each host. A cut
 * drops frames on the bridge, in one direction, so neither end is told of it. The namespace's one process waits on a pipe
 * of the test's: when the test dies, for whatever reason, the bridge and all cables are gone.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Frames from one host to another that are dropped; `share` of them, from 0 to 1. @default 1 */
export interface Cut {
  readonly from: string;
  readonly to: string;
  readonly share?: number;
}

/** The bridge with its cables. `await using` takes it down. */
export class Fabric {
  readonly #holder: ChildProcess;
  #cuts: readonly Cut[] = [];

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async start(): Promise<Fabric> {
    const script = "ip link add lan type bridge && ip link set lan up && ip link set lo up && echo up && exec cat";
    const holder = spawn("unshare", ["-n", "sh", "-c", script], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(holder, "exit").then(([code]) => {
      throw new Error(`the namespace of the bridge ended with status ${code}`);
    });
    await Promise.race([once(holder.stdout, "data"), ended]);
    ended.catch(() => {});
    return new Fabric(holder);
  }

  /** Lays a cable to the network namespace of the process `pid`; there it is `eth0` with this address. */
  async connect(host: string, pid: number, address: string, mac: string): Promise<void> {
    await this.disconnect(host);
    // The same hardware address at every boot, as a real host has it: the others still have it in their tables.
    const script = `ip link add ${host} type veth peer name eth0 address ${mac} netns ${pid} && ip link set ${host} master lan up`;
    await this.#inside(script);
    await run("nsenter", [
      "-t",
      String(pid),
      "-n",
      "sh",
      "-c",
      `ip addr add ${address}/24 dev eth0 && ip link set eth0 up`,
    ]);
  }

  /** Pulls the cable: from here on no frame, and so no farewell, leaves the host. */
  async disconnect(host: string): Promise<void> {
    await this.#inside(`ip link del ${host} 2>/dev/null || true`);
  }

  /** From now on exactly these frames are dropped; none for an empty list. */
  async cut(cuts: readonly Cut[]): Promise<void> {
    this.#cuts = cuts;
    const rules = cuts.map(({ from, to, share = 1 }) => {
      const chance = share >= 1 ? "" : `numgen random mod 1000 < ${Math.round(share * 1000)} `;
      return `add rule bridge berth cut iifname "${from}" oifname "${to}" ${chance}drop`;
    });
    const chain = "add chain bridge berth cut { type filter hook forward priority 0; }";
    await this.#inside(
      `nft -f - <<'RULES'\nadd table bridge berth\n${chain}\nflush chain bridge berth cut\n${rules.join("\n")}\nRULES`,
    );
  }

  /** What is cut now. */
  get cuts(): readonly Cut[] {
    return this.#cuts;
  }

  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    this.#holder.kill("SIGKILL");
    await once(this.#holder, "exit");
  }

  async #inside(script: string): Promise<void> {
    await run("nsenter", ["-t", String(this.#holder.pid), "-n", "sh", "-c", script]);
  }
}

/** Both directions between every host of one side and every host of the other. */
export function between(one: readonly string[], other: readonly string[]): readonly Cut[] {
  return one.flatMap((a) =>
    other.flatMap((b) => [
      { from: a, to: b },
      { from: b, to: a },
    ]),
  );
}
