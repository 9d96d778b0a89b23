/** What suites of the store of durable records share: places for stores, a few records, and how an opening ended. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DurableRecord } from "@berth/claims";
import { afterAll } from "vitest";
import { AgentError } from "../src/agent-error.ts";

/** Holds all stores of a suite, and goes with it. */
export const storesFolder = mkdtempSync(join(tmpdir(), "berth-store-"));
afterAll(() => rmSync(storesFolder, { recursive: true, force: true }));

let stores = 0;

/** Where no store is yet. */
export function newPath(): string {
  stores += 1;
  return join(storesFolder, `${stores}`, "store");
}

/** The record of a guest that this host owns. */
export function owned(guest: string, epoch: number): DurableRecord {
  return { kind: "owned", guest, value: { inc: 1, epoch, runId: `h1/1/${epoch}`, by: "quorum" } };
}

/** The record that takes it back. */
export function forgotten(guest: string): DurableRecord {
  return { kind: "owned", guest, value: null };
}

/** The record of the host's own life. */
export const identity: DurableRecord = { kind: "identity", value: { inc: 3, nonce: "n", bootId: "b", life: 7 } };

/** In an order of their own, so that two states can be compared. */
export function sorted(records: readonly DurableRecord[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort();
}

/** "opened", or the code of the refusal. */
export async function codeOf(opening: Promise<unknown>): Promise<string> {
  return await opening.then(
    () => "opened",
    (error: unknown) => (error instanceof AgentError ? error.code : String(error)),
  );
}
