import type { HostId } from "@berth/claims";
import type { PeerCounter, PeerLogLine } from "../ports/peer-network.ts";

const names: readonly PeerCounter[] = [
  "refused",
  "unknown-peer",
  "wrong-key",
  "wrong-fleet",
  "oversize",
  "malformed",
  "replayed",
  "bad-proof",
  "role-refused",
  "flooded",
  "slow-reader",
  "suspected",
  "expired",
  "incompatible",
  "guard-cut",
  "gap-pulled",
  "gap-lost",
  "joined",
  "join-refused",
  "discovered",
  "dialled",
  "dial-failed",
  "received",
  "sent",
  "published",
];
/** A line per cause and second; causes come from our own texts and members, but a flood of strangers must not fill the table. */
const quietMs = 1_000;
const remembered = 1_024;

/** Counts everything and logs each cause at most once a second, so that an attacker cannot fill the disk with our log. */
export class PeerTally {
  readonly #counts = new Map<PeerCounter, number>(names.map((name) => [name, 0]));
  readonly #log: (line: PeerLogLine) => void;
  readonly #loggedMs = new Map<string, number>();

  constructor(log: (line: PeerLogLine) => void = () => {}) {
    this.#log = log;
  }

  count(name: PeerCounter, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  /** Counts, and says why. */
  warn(name: PeerCounter, text: string, host?: HostId): void {
    this.count(name);
    const now = performance.now();
    const key = `${name} ${host ?? ""}`;
    if (now - (this.#loggedMs.get(key) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    if (this.#loggedMs.size >= remembered) this.#loggedMs.clear();
    this.#loggedMs.set(key, now);
    this.#log({ level: "warning", code: name, text, ...(host !== undefined && { host }) });
  }

  info(code: PeerLogLine["code"], text: string, host?: HostId): void {
    this.#log({ level: "info", code, text, ...(host !== undefined && { host }) });
  }

  read(): Readonly<Record<PeerCounter, number>> {
    return Object.fromEntries(this.#counts) as Record<PeerCounter, number>;
  }
}
