/** The store where it is really in danger: processes killed in the middle of writing, a full disk, two owners. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DurableRecord } from "@berth/claims";
import { afterAll, describe, expect, it } from "vitest";
import { AgentError } from "../src/agent-error.ts";
import { openRecordStore } from "../src/store/open-record-store.ts";

const writer = fileURLToPath(new URL("./record-store-writer.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "berth-store-kill-"));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface Writer {
  readonly child: ChildProcess;
  readonly acknowledged: () => number;
  /** Resolves once `n` is acknowledged; rejects if the process ends before. */
  until(n: number): Promise<void>;
  kill(): Promise<void>;
}

function startWriter(path: string): Writer {
  const child = spawn(process.execPath, [writer, path], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") },
  });
  children.add(child);
  let text = "";
  let problem = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  child.stderr.on("data", (chunk) => {
    problem += chunk;
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      children.delete(child);
      resolve();
    });
  });
  const acknowledged = () => Number(text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1) ?? 0);
  return {
    child,
    acknowledged,
    until: (n) =>
      new Promise((resolve, reject) => {
        child.stdout.on("data", () => acknowledged() >= n && resolve());
        if (acknowledged() >= n) resolve();
        void ended.then(() => reject(new Error(`the writer ended at ${acknowledged()}: ${problem}`)));
      }),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Epochs of the five guests that every batch sets together. */
function epochs(records: readonly DurableRecord[]): number[] {
  return records.flatMap((r) => (r.kind === "owned" && r.guest.startsWith("web") && r.value ? [r.value.epoch] : []));
}

/** Kills a writer of one store `rounds` times, each time somewhere else, and looks at what is left. */
async function killAgainAndAgain(path: string, lane: number, rounds: number): Promise<void> {
  let before = 0;
  for (let round = 0; round < rounds; round += 1) {
    const process = startWriter(path);
    await process.until(before + 1 + ((lane * 23 + round * 37) % 90));
    await process.kill();
    const store = await openRecordStore(path);
    const found = epochs(store.load());
    await store.close();
    const acknowledged = process.acknowledged();
    expect(new Set(found).size, `store ${lane}, round ${round}: ${found}`).toBe(1);
    expect(found).toHaveLength(5);
    expect(found[0], `store ${lane}, round ${round}`).toBeGreaterThanOrEqual(acknowledged);
    expect(found[0], `store ${lane}, round ${round}`).toBeLessThanOrEqual(acknowledged + 2);
    before = found[0] ?? 0;
  }
}

describe("a writer of the store that is killed with SIGKILL", () => {
  it("leaves everything it acknowledged, and of the batch under way all or nothing: 22 kills of 2 stores", async () => {
    const lanes = Array.from({ length: 2 }, (_, lane) => join(folder, `killed${lane}`, "store"));
    await Promise.all(lanes.map((path, lane) => killAgainAndAgain(path, lane, 11)));
  });
});

describe("a store that another process has open", () => {
  it("is refused with that process's number, and opens once that process is gone", async () => {
    const path = join(folder, "shared", "store");
    const process = startWriter(path);
    await process.until(1);
    const refusal = await openRecordStore(path, { waitMs: 0 }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(AgentError);
    expect(refusal).toMatchObject({ code: "STORE_LOCKED" });
    expect(String(refusal)).toContain(`${path} is open in another process`);
    expect(String(refusal)).toContain(`process ${process.child.pid}`);
    await process.kill();
    await (await openRecordStore(path, { waitMs: 0 })).close();
  });

  it("is refused by level's own lock too, where the lock file was removed by hand", async () => {
    const path = join(folder, "unlocked", "store");
    const process = startWriter(path);
    await process.until(1);
    rmSync(`${path}.lock`);
    await expect(openRecordStore(path, { waitMs: 0 })).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await process.kill();
  });
});

describe("a full disk", () => {
  it("fails the write and every later one, and every acknowledged record is there once there is room", async () => {
    const disk = mkdtempSync(join(folder, "disk-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", disk]);
    try {
      const path = join(disk, "store");
      writeFileSync(join(disk, "ballast"), Buffer.alloc(1_300_000));
      const store = await openRecordStore(path);
      let acknowledged = 0;
      const failure = await (async () => {
        for (let epoch = 1; ; epoch += 1) {
          const value = { inc: 1, epoch, runId: "r".repeat(20_000), by: "quorum" } as const;
          await store.put([{ kind: "owned", guest: `web${epoch % 3}`, value }]);
          acknowledged = epoch;
        }
      })().catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "STORE_WRITE_FAILED" });
      expect(String(failure)).toMatch(/no space left/i);
      expect(acknowledged).toBeGreaterThan(3);
      await expect(store.put([{ kind: "draining", value: true }])).rejects.toBe(failure);
      await store.close();

      // Full still: level cannot even open. That is no damage, and is not called so.
      await expect(openRecordStore(path)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      rmSync(join(disk, "ballast"));
      const again = await openRecordStore(path);
      const found = again.load().flatMap((r) => (r.kind === "owned" && r.value ? [r.value.epoch] : []));
      expect(Math.max(...found)).toBeGreaterThanOrEqual(acknowledged);
      expect(Math.max(...found)).toBeLessThanOrEqual(acknowledged + 1);
      await again.put([{ kind: "draining", value: true }]);
      await again.close();
    } finally {
      execFileSync("umount", ["-l", disk]);
    }
  });
});
