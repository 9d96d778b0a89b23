import { guestsPerMessage, type Snapshot, type SnapshotPage, type SnapshotReply } from "../messages.ts";
import type { HostId, KnownHost } from "../words.ts";
import type { VoterParts } from "./parts.ts";
import type { VoterState } from "./state.ts";

/**
 * Section 7 (2): one page of a *sealed* voter's memory, in key order. Sealed memory does not change, so pages read at
 * different moments belong together.
 */
export function onSnapshot(parts: VoterParts, request: Snapshot): SnapshotReply | undefined {
  const { state } = parts;
  if (state.activeCfg !== request.cfg || state.sealed === undefined) return undefined;
  const { fleet, cfg, life, cursor } = request;
  const { page, nextCursor } = pageAfter(state, cursor);
  const head = { kind: "snapshot-reply", fleet, cfg, life, voter: state.disk, cursor, page } as const;
  return nextCursor === undefined ? head : { ...head, nextCursor };
}

/** Everything a voter remembers, as pages: hosts first, then registers, each in name order. */
export function allPages(state: Pick<VoterState, "hosts" | "registers">): readonly SnapshotPage[] {
  const pages: SnapshotPage[] = [];
  let cursor = "";
  for (;;) {
    const { page, nextCursor } = pageAfter(state, cursor);
    pages.push(page);
    if (nextCursor === undefined) return pages;
    cursor = nextCursor;
  }
}

function pageAfter(
  state: Pick<VoterState, "hosts" | "registers">,
  cursor: string,
): { readonly page: SnapshotPage; readonly nextCursor?: string } {
  const hostKeys = [...state.hosts.keys()].sort().map((name) => `h/${name}`);
  const guestKeys = [...state.registers.keys()].sort().map((name) => `r/${name}`);
  const rest = [...hostKeys, ...guestKeys].filter((key) => key > cursor);
  const keys = rest.slice(0, guestsPerMessage);
  const hosts: { host: HostId; known: KnownHost }[] = [];
  const registers: SnapshotPage["registers"][number][] = [];
  for (const key of keys) {
    const name = key.slice(2);
    const known = key.startsWith("h/") ? state.hosts.get(name) : undefined;
    const register = key.startsWith("r/") ? state.registers.get(name) : undefined;
    if (known !== undefined) hosts.push({ host: name, known });
    if (register !== undefined) registers.push({ guest: name, register });
  }
  const last = keys.at(-1);
  const page = { hosts, registers };
  return rest.length > keys.length && last !== undefined ? { page, nextCursor: last } : { page };
}
