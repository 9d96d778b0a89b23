/**
 * The process that the tests of the store kill: writes batch after batch and says each number on a line of its own once
 * it is acknowledged. Batch n sets `web0` to `web4` to epoch n, all five or none, and gives up one guest in ten.
 */
import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { argv } from "node:process";
import { openRecordStore } from "../src/store/open-record-store.ts";

// Killed before it could do so at its end: the next process then starts four times faster.
flushCompileCache();
const store = await openRecordStore(argv[2] ?? "");
let epoch = store
  .load()
  .reduce((most, r) => (r.kind === "owned" && r.value !== null ? Math.max(most, r.value.epoch) : most), 0);
for (;;) {
  epoch += 1;
  const value = { inc: 1, epoch, runId: "x".repeat(epoch % 700), by: "quorum" } as const;
  const batch = [0, 1, 2, 3, 4].map((n) => ({ kind: "owned", guest: `web${n}`, value }) as const);
  const extra = { kind: "owned", guest: `extra${epoch % 10}`, value: epoch % 10 === 0 ? null : value } as const;
  await store.put([...batch, extra]);
  writeSync(1, `${epoch}\n`);
}
