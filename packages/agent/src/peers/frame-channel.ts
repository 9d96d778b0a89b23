import type { Stream } from "@libp2p/interface";
import { type LengthPrefixedStream, lpStream } from "@libp2p/utils";
import { AgentError } from "../agent-error.ts";
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
 * number, bytes and age; a peer that does not read loses the oldest, and then the stream.
 */
export class FrameChannel {
  readonly #stream: Stream;
  readonly #frames: LengthPrefixedStream<Stream>;
  readonly #events: FrameEvents;
  readonly #init: FrameChannelInit;
  /** Asked for its signal only by a write that finds the stream full: a timeout for every write costs as much as a heartbeat. */
  readonly #patience: { readonly signal: AbortSignal };
  readonly #urgent: Waiting[] = [];
  readonly #bulk: Waiting[] = [];
  #queuedBytes = 0;
  #isWriting = false;
  #ended = false;

  constructor(stream: Stream, events: FrameEvents, init: FrameChannelInit) {
    this.#stream = stream;
    this.#events = events;
    this.#init = init;
    this.#patience = {
      get signal() {
        return AbortSignal.timeout(init.frameMs);
      },
    };
    this.#frames = lpStream(stream, { maxDataLength: frameBytesMax, maxBufferSize: limits.readBufferBytes });
    stream.addEventListener("close", (event) => this.end(event.error));
    void this.#readAll();
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
    if (!this.#isWriting) void this.#writeAll();
    return true;
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
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

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    try {
      for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) {
        await this.#frames.writeV(batch, this.#patience);
        this.#init.tally.count("sent", batch.length);
      }
    } catch (error) {
      if (!this.#ended && isTimeout(error)) this.#init.tally.warn("slow-reader", "a peer does not read its stream");
      this.end(asError(error));
    } finally {
      this.#isWriting = false;
    }
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

  async #readAll(): Promise<void> {
    try {
      while (!this.#ended) {
        const bytes = await this.#frames.read();
        this.#events.onFrame(bytes.subarray());
      }
    } catch (error) {
      if (isOversize(error)) this.#init.tally.warn("oversize", "a peer announced a frame above the limit");
      this.end(asError(error));
    }
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
}

function isOversize(error: unknown): boolean {
  const name = error instanceof Error ? error.name : "";
  return name === "InvalidDataLengthError" || name === "InvalidDataLengthLengthError" || name === "StreamBufferError";
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new AgentError("ABORTED", String(error));
}
