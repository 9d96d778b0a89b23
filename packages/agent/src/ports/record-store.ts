import type { DurableRecord } from "@berth/claims";

/**
 * Where the protocol's durable records live. Opening checks the whole store and refuses a damaged one; so what `load`
 * returns is everything that was ever acknowledged, or there is no store to call it on.
 */
export interface RecordStore {
  /**
   * Names this disk: drawn when the store is founded, lost with it. A voter founded here takes it as its voter id, so that a
   * wiped disk can never answer under its old identity.
   */
  readonly diskId: string;
  /** True when this opening founded the store: this disk has no memory of any earlier life. */
  readonly founded: boolean;
  /** Every record that is left, by key. Cheap: the store was read when it was opened. */
  load(): readonly DurableRecord[];
  /**
   * Writes a batch: all of it or nothing survives a crash, and on return it is on the disk. A record whose value is null
   * deletes its key. Calls are carried out in order; those that wait are written together. After a failure nothing more can
   * be written, because what reached the disk is not known: the process must end and open the store anew.
   * @throws AgentError STORE_WRITE_FAILED, STORE_CLOSED
   */
  put(batch: readonly DurableRecord[]): Promise<void>;
  /** Waits for writes under way and frees the store for another process. */
  close(): Promise<void>;
}
