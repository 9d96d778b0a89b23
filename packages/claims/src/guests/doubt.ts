/**
 * Is the claim that is known of a guest really one? (section 3)
 *
 * What a host knows of a claim can come from a single voter: a value that was accepted there and never chosen. Two such
 * leftovers, each named to another host, look like two live owners, and everybody would wait for one of them for ever. A
 * true owner says so itself in its gossip; where the named one stays silent although it lives, the registers are asked again,
 * at a majority. The host that is named there then finds itself the owner, and claims the guest or gives it up.
 */
import type { Now } from "../time.ts";
import type { GuestParts } from "./parts.ts";
import type { GuestState } from "./state.ts";

/** How long the named owner may be silent, and how long between two questions. @default 30 s: gossip is there in 1 s, or cut for longer */
const doubtMs = 30_000;

/** From when on (boot-time) the registers are asked; undefined while the named owner confirms the claim, or there is none. */
export function doubtDueMs(parts: GuestParts, g: GuestState): number | undefined {
  const owner = g.known?.owner ?? null;
  if (owner === null || owner === parts.self) return undefined;
  if (parts.gossip.store.guest(g.guest).get(owner)?.owner === owner) return undefined;
  return Math.max(g.knownSinceMs, g.doubtedMs) + doubtMs;
}

/**
 * From when on (boot-time) an owner of whom nobody has heard anything is asked for at the voters, by a claim: they know whether it
 * lives. Their answers to renewals name only so many late hosts (`guestsPerMessage`), and it may not be among them.
 */
export function silenceDueMs(parts: GuestParts, g: GuestState): number {
  const owner = g.known?.owner ?? null;
  if (owner === null || owner === parts.self) return Number.POSITIVE_INFINITY;
  const patienceMs = Math.max(doubtMs, 3 * parts.gossip.refreshMs);
  return (
    Math.max(parts.gossip.heardMs(owner) ?? 0, g.knownSinceMs, parts.here.startedMs, g.silenceAskedMs) + patienceMs
  );
}

/** The question was not answered; it is put again at this moment (boot-time), not only after the whole pause. */
export function askAgainAt(g: GuestState, retryAtMs: number): void {
  if (g.doubtedMs > 0) g.doubtedMs = retryAtMs - doubtMs;
}

/** Asks a majority what the register says, and not again for a while. */
export function askRegisters(parts: GuestParts, g: GuestState, now: Now): void {
  g.doubtedMs = now.bootMs;
  parts.claimant.propose(g.guest, { kind: "refresh" });
  parts.wakeGuest(g, now.bootMs + doubtMs);
}
