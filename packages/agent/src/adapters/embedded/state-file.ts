import { createHash } from "node:crypto";
import { type BigIntStats, readFileSync, statSync } from "node:fs";
import { AgentError } from "../../agent-error.ts";
import { writeFileAtomically } from "../../state/atomic-file.ts";
import {
  type EmbeddedDomain,
  type EmbeddedNetwork,
  type EmbeddedState,
  type EmbeddedVolume,
  emptyState,
} from "./embedded-state.ts";

/**
 * The state as one file: a header line with the format and a checksum, then the state as JSON. Whatever is not exactly
 * what Berth wrote is refused: reading a damaged file as empty would make every guest of it "absent" and start it anew.
 */
const format = "berth-embedded-1";

/** Which write of the file a state was read from; equal stamps mean that nobody wrote since. */
export type FileStamp = string;

/** The state in the file with its stamp; the empty state where there is no file. @throws AgentError STATE_FILE_CORRUPT */
export function readStateFile(path: string): { state: EmbeddedState; stamp: FileStamp } {
  const stamp = stampOf(path);
  if (stamp === "") return { state: emptyState(), stamp };
  return { state: parseState(path, readFileSync(path, "utf8")), stamp };
}

/** Replaces the file's content. The caller holds the lock. */
export function writeStateFile(path: string, state: EmbeddedState): FileStamp {
  const body = JSON.stringify({
    domains: [...state.domains.values()],
    networks: [...state.networks.values()],
    volumes: [...state.volumes.values()],
  });
  writeFileAtomically(path, `${format} ${checksum(body)}\n${body}\n`);
  return stampOf(path);
}

/** The stamp of the file as it is now; empty where there is none. */
export function stampOf(path: string): FileStamp {
  const status: BigIntStats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status === undefined ? "" : `${status.ino} ${status.mtimeNs} ${status.size}`;
}

function parseState(path: string, text: string): EmbeddedState {
  const end = text.indexOf("\n");
  const [found, sum] = text.slice(0, end).split(" ");
  const body = text.slice(end + 1, -1);
  if (found !== format || sum !== checksum(body)) {
    const what = found === format ? "its checksum does not match" : `it does not begin with ${format}`;
    throw new AgentError("STATE_FILE_CORRUPT", `${path} is not what the embedded hypervisor wrote: ${what}`, {
      remedy: "restore the file, or move it away to begin with no guests",
    });
  }
  // The checksum says that Berth wrote this text, so its shape is the one of `writeStateFile`.
  const content = JSON.parse(body) as {
    domains: EmbeddedDomain[];
    networks: EmbeddedNetwork[];
    volumes: EmbeddedVolume[];
  };
  return {
    domains: new Map(content.domains.map((domain) => [domain.name, domain])),
    networks: new Map(content.networks.map((network) => [network.name, network])),
    volumes: new Map(content.volumes.map((volume) => [volume.path, volume])),
  };
}

function checksum(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}
