/**
 * A voter's memory. What is durable here is what two majorities share; what is volatile (leases) is replaced after a
 * restart by waiting: D_A of quarantine is at least as long as any grant that was forgotten (section 2).
 */
import { noBallot } from "../ballot.ts";
import type { SnapshotPage } from "../messages.ts";
import type { DurableRecord } from "../records.ts";
import type { Deadline, Now } from "../time.ts";
import type { Ballot, Configuration, GuestId, HostId, KnownHost, Register, VoterId } from "../words.ts";

/** The register on which the old voters choose the next configuration (section 7.4). */
export interface NextRegister {
  readonly promised: Ballot;
  readonly acceptedBallot?: Ballot;
  readonly next?: Configuration;
}

/** What one voter remembers, durable and volatile. */
export interface VoterState {
  /** This disk; answers carry it. */
  readonly disk: VoterId;
  /** The host whose agent this voter lives in. */
  readonly self: HostId;
  /** Durable. */
  activeCfg: number | undefined;
  readonly hosts: Map<HostId, KnownHost>;
  readonly registers: Map<GuestId, Register>;
  readonly pages: Map<string, SnapshotPage>;
  sealed: Configuration | undefined;
  next: NextRegister;
  /** Volatile. */
  readonly leases: Map<HostId, { readonly inc: number; readonly expires: Deadline }>;
  readonly heard: Map<HostId, Now>;
  quarantineUntil: Deadline;
  holdDownUntil: Deadline | undefined;
}

/** The state after a restart: everything durable, no lease, and a quarantine to make up for them. */
export function loadVoter(
  disk: VoterId,
  self: HostId,
  durable: readonly DurableRecord[],
  quarantineUntil: Deadline,
): VoterState {
  const state: VoterState = {
    disk,
    self,
    activeCfg: undefined,
    hosts: new Map(),
    registers: new Map(),
    pages: new Map(),
    sealed: undefined,
    next: { promised: noBallot },
    leases: new Map(),
    heard: new Map(),
    quarantineUntil,
    holdDownUntil: undefined,
  };
  for (const record of durable) if (record.value !== null) load(state, record);
  return state;
}

function load(state: VoterState, record: DurableRecord): void {
  if (record.value === null) return;
  if (record.kind === "voter-active") state.activeCfg = record.value.cfg;
  else if (record.kind === "voter-host") state.hosts.set(record.host, record.value);
  else if (record.kind === "voter-register") state.registers.set(record.guest, record.value);
  else if (record.kind === "voter-sealed") state.sealed = record.value;
  else if (record.kind === "voter-next") state.next = record.value;
  else if (record.kind === "voter-page") state.pages.set(pageKey(record.copy, record.pageNumber), record.value);
}

/** Where a page of a copy is kept until it is activated. */
export function pageKey(copy: string, pageNumber: number): string {
  return `${copy}/${pageNumber}`;
}
