/**
 * What must survive a crash, as key-value records.
 *
 * The store is a plain map from {@link recordKey} to record; a record whose `value` is null deletes its key. At start the
 * driver hands back every record that is left. Persisting means: on the disk (fsync), before anything of the same batch
 * is sent or done.
 */
import type { SnapshotPage } from "./messages.ts";
import type { Ballot, Configuration, GuestId, HostId, KnownHost, Mode, Register, VoterId } from "./words.ts";

/** Who this host is to the voters. */
export interface Identity {
  readonly inc: number;
  /** Drawn anew with every incarnation: two machines with one identity differ in it. */
  readonly nonce: string;
  /** Kernel's boot id when this incarnation began. */
  readonly bootId: string;
  /** Grows by one with every start of the agent. */
  readonly life: number;
}

/** The host's own note that it owns a guest (section 2). */
export interface OwnedClaim {
  readonly inc: number;
  readonly epoch: number;
  readonly runId: string;
  /** Who granted it: a majority of voters, or nobody but this host itself. */
  readonly by: Mode;
}

/** A guest given up: already forgotten, still to be told to the voters. */
export interface ReleasedClaim {
  readonly inc: number;
  readonly epoch: number;
  readonly next?: HostId;
}

/** Everything that is ever written to the store. */
export type DurableRecord =
  | { readonly kind: "identity"; readonly value: Identity }
  | { readonly kind: "config"; readonly value: Configuration }
  | { readonly kind: "owned"; readonly guest: GuestId; readonly value: OwnedClaim | null }
  | { readonly kind: "released"; readonly guest: GuestId; readonly value: ReleasedClaim | null }
  /** A guest found running that is to be claimed before it is touched: still so after a restart of the agent. */
  | { readonly kind: "adopting"; readonly guest: GuestId; readonly value: true | null }
  /** Names of all guests that policy ever promised here until now: one that is not among them is new to Berth. */
  | { readonly kind: "promised"; readonly value: readonly GuestId[] }
  /** Drain state survives a restart: a drained host must not take guests because its agent was restarted. */
  | { readonly kind: "draining"; readonly value: true | null }
  /** Written once by whoever founds the voter (`berth init`), never by the machine: see `voter.ts`. */
  | { readonly kind: "voter-disk"; readonly value: { readonly voter: VoterId } }
  /** The configuration that this voter answers for; absent until it is activated. */
  | { readonly kind: "voter-active"; readonly value: { readonly cfg: number } }
  | { readonly kind: "voter-host"; readonly host: HostId; readonly value: KnownHost }
  | { readonly kind: "voter-register"; readonly guest: GuestId; readonly value: Register }
  | {
      readonly kind: "voter-next";
      readonly value: {
        readonly promised: Ballot;
        readonly acceptedBallot?: Ballot;
        readonly next?: Configuration;
      } | null;
    }
  | { readonly kind: "voter-sealed"; readonly value: Configuration | null }
  /** One page of a copy that is on its way in; deleted when it is activated. */
  | {
      readonly kind: "voter-page";
      readonly copy: string;
      readonly pageNumber: number;
      readonly value: SnapshotPage | null;
    };

/** The store's key of a record: one key, one latest value. */
export function recordKey(record: DurableRecord): string {
  switch (record.kind) {
    case "owned":
    case "released":
    case "adopting":
    case "voter-register":
      return `${record.kind}/${record.guest}`;
    case "voter-host":
      return `${record.kind}/${record.host}`;
    case "voter-page":
      return `${record.kind}/${record.copy}/${record.pageNumber}`;
    default:
      return record.kind;
  }
}

/** Applies one record to a store held in memory (simulator, tests): put, or delete when the value is null. */
export function applyRecord(store: Map<string, DurableRecord>, record: DurableRecord): void {
  if (record.value === null) store.delete(recordKey(record));
  else store.set(recordKey(record), record);
}
