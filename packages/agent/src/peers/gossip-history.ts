import type { GossipPosition } from "./frame-schema.ts";
import { historyBatches, historyBytes } from "./peer-limits.ts";

/** This host's own last batches, as bytes, for peers that missed some. Bounded by number and bytes. */
export class GossipHistory {
  readonly life: number;
  readonly #batches = new Map<number, Uint8Array>();
  #bytes = 0;
  #seq = 0;

  /** @param life larger than that of any earlier network of this host; a clock that was set back costs one digest round. */
  constructor(life: number) {
    this.life = life;
  }

  get position(): GossipPosition {
    return { life: this.life, seq: this.#seq };
  }

  /** Where the next batch will stand. */
  get next(): GossipPosition {
    return { life: this.life, seq: this.#seq + 1 };
  }

  /** Keeps a batch that was made for `next`. */
  add(bytes: Uint8Array): void {
    this.#seq += 1;
    this.#batches.set(this.#seq, bytes);
    this.#bytes += bytes.length;
    for (const [seq, old] of this.#batches) {
      if (this.#batches.size <= historyBatches && this.#bytes <= historyBytes) break;
      this.#batches.delete(seq);
      this.#bytes -= old.length;
    }
  }

  /** What is still there of these numbers. */
  range(from: number, to: number): readonly Uint8Array[] {
    const found: Uint8Array[] = [];
    for (const [seq, bytes] of this.#batches) if (seq >= from && seq <= to) found.push(bytes);
    return found;
  }
}
