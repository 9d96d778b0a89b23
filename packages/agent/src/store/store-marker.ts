/**
 * The file that says "there is a store here", beside level and not in it. Where level's folder is gone or empty although
 * this file exists, records were lost; where neither exists, this disk never had a store.
 */
import { readFile, writeFile } from "node:fs/promises";
import { checkedLine, readCheckedLine } from "./checked-line.ts";

/** What the marker says. */
export interface StoreMarker {
  readonly schema: number;
  readonly diskId: string;
}

/** What is found where the marker should be. */
export type MarkerReading = { readonly kind: "marker"; readonly marker: StoreMarker } | { readonly kind: "damaged" };

/** Writes the marker of a store that is being founded. The caller syncs. Throws what the file system throws. */
export async function writeMarker(path: string, marker: StoreMarker): Promise<void> {
  await writeFile(path, `${checkedLine(JSON.stringify(marker))}\n`, { mode: 0o600, flag: "wx", flush: true });
}

/** Reads the marker. Throws what the file system throws, ENOENT included. */
export async function readMarker(path: string): Promise<MarkerReading> {
  const text = readCheckedLine((await readFile(path, "latin1")).replace(/\n$/, ""));
  return text === undefined ? { kind: "damaged" } : { kind: "marker", marker: JSON.parse(text) as StoreMarker };
}
