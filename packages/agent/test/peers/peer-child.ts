import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Member } from "../../src/ports/peer-network.ts";

/** A host in a process of its own. Ends with its parent: its input is a pipe. */
export interface PeerChild extends AsyncDisposable {
  readonly member: Member;
  introduce(members: readonly Member[]): void;
  signal(name: NodeJS.Signals): void;
}

/** Starts one; resolves when it listens. `beatPeersMax`: from how many peers on heartbeats take turns. */
export async function startPeerChild(self: string, fenceMs: number, beatPeersMax?: number): Promise<PeerChild> {
  const script = fileURLToPath(new URL("peer-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify({ self, fenceMs, beatPeersMax })], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { peerId, addresses } = await firstLine(child);
  return {
    member: { hostId: self, peerId, addresses, role: "voter" },
    introduce: (members) => child.stdin?.write(`${JSON.stringify(members)}\n`),
    signal: (name) => child.kill(name),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function firstLine(child: ChildProcess): Promise<{ peerId: string; addresses: string[] }> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new RangeError(`the peer's process ended with ${code}`)));
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).once("line", (line) => resolve(JSON.parse(line)));
    }
  });
}
