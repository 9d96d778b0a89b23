import type { Stream } from "@libp2p/interface";
import { AgentError } from "../agent-error.ts";
import { FrameReader, FrameTooLongError, joinFrames } from "./frame-reader.ts";
import * as limits from "./peer-limits.ts";
import type { PeerTally } from "./peer-tally.ts";
import { frameBytesMax } from "./wire-codec.ts";

/** A frame that waits. */
interface Waiting {
  readonly bytes: Uint8Array;
  readonly untilMs: number;
}

/** What a channel tells its owner. */
export interface FrameEvents {
  readonly onFrame: (bytes: Uint8Array) => void;
  /** Once, whoever ended it. `error` is absent after an orderly end. */
  readonly onEnd: (error?: Error) => void;
}

/** How a channel treats what waits. */
export interface FrameChannelInit {
  /** Frames that wait longer are dropped. Milliseconds. */
  readonly frameMs: number;
  readonly tally: PeerTally;
}

/**
 * One stream as a sequence of frames, length first. Sending never waits: frames queue, votes before gossip, within bounds of
 * number, bytes and age; a peer that does not read loses the oldest, and then the stream. What is offered in one turn is one write.
 */
export class FrameChannel {
  readonly #stream: Stream;
  readonly #events: FrameEvents;
  readonly #init: FrameChannelInit;
  readonly #reader = new FrameReader(frameBytesMax);
  readonly #urgent: Waiting[] = [];
  readonly #bulk: Waiting[] = [];
  #queuedBytes = 0;
  #isWriteDue = false;
  /** Runs while the stream takes no more; until it does again nothing is written. */
  #patience: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(stream: Stream, events: FrameEvents, init: FrameChannelInit) {
    this.#stream = stream;
    this.#events = events;
    this.#init = init;
    stream.addEventListener("message", ({ data }) => this.#read(data.subarray()));
    stream.addEventListener("drain", () => this.#onDrain());
    stream.addEventListener("remoteCloseWrite", () => this.end());
    stream.addEventListener("close", (event) => this.end(event.error));
  }

  get isOpen(): boolean {
    return !this.#ended;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Queues a frame; false when only more urgent ones wait and there is no room. */
  offer(bytes: Uint8Array, priority: "urgent" | "bulk"): boolean {
    if (this.#ended) return false;
    while (!this.#hasRoom(bytes)) {
      // Of frames that wait, the oldest gossip is worth least; the digests repair it.
      const dropped = this.#bulk.shift() ?? (priority === "urgent" ? this.#urgent.shift() : undefined);
      if (dropped === undefined) return false;
      this.#queuedBytes -= dropped.bytes.length;
      this.#init.tally.count("slow-reader");
    }
    const queue = priority === "urgent" ? this.#urgent : this.#bulk;
    queue.push({ bytes, untilMs: performance.now() + this.#init.frameMs });
    this.#queuedBytes += bytes.length;
    if (!this.#isWriteDue) {
      this.#isWriteDue = true;
      queueMicrotask(() => this.#write());
    }
    return true;
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#patience);
    this.#urgent.length = 0;
    this.#bulk.length = 0;
    this.#queuedBytes = 0;
    this.#stream.abort(error ?? new AgentError("ABORTED", "channel ended"));
    this.#events.onEnd(error);
  }

  #hasRoom(bytes: Uint8Array): boolean {
    const frames = this.#urgent.length + this.#bulk.length;
    return frames < limits.queueFramesMax && this.#queuedBytes + bytes.length <= limits.queueBytesMax;
  }

  #write(): void {
    this.#isWriteDue = false;
    try {
      while (!this.#ended && this.#patience === undefined) {
        const batch = this.#takeBatch();
        if (batch.length === 0) return;
        const canSendMore = this.#stream.send(joinFrames(batch));
        this.#init.tally.count("sent", batch.length);
        if (!canSendMore) this.#waitForReader();
      }
    } catch (error) {
      this.end(asError(error));
    }
  }

  /** What was handed over goes out as the peer reads; a peer that reads nothing for so long loses the stream. */
  #waitForReader(): void {
    this.#patience = setTimeout(() => {
      this.#init.tally.warn("slow-reader", "a peer does not read its stream");
      this.end(new AgentError("ABORTED", "the peer does not read"));
    }, this.#init.frameMs);
  }

  #onDrain(): void {
    if (this.#patience === undefined) return;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#write();
  }

  /** As much as fits into one write of about one frame's size. */
  #takeBatch(): Uint8Array[] {
    const batch: Uint8Array[] = [];
    const now = performance.now();
    for (let bytes = 0; bytes < frameBytesMax; ) {
      const next = this.#urgent.shift() ?? this.#bulk.shift();
      if (next === undefined) break;
      this.#queuedBytes -= next.bytes.length;
      if (next.untilMs < now) {
        this.#init.tally.count("expired");
        continue;
      }
      batch.push(next.bytes);
      bytes += next.bytes.length;
    }
    return batch;
  }

  #read(piece: Uint8Array): void {
    try {
      for (const frame of this.#reader.frames(piece)) {
        if (this.#ended) return;
        this.#events.onFrame(frame);
      }
    } catch (error) {
      if (error instanceof FrameTooLongError) {
        this.#init.tally.warn("oversize", "a peer announced a frame above the limit");
      }
      this.end(asError(error));
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new AgentError("ABORTED", String(error));
}
