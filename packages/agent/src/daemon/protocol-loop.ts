/**
 * Drives the protocol's machine with real parts.
 *
 * Events go in one by one, each with one reading of both clocks. What comes out is carried out strictly in order: first
 * everything is on the disk, then the dead-man's file is replaced, then messages leave, then the hypervisor is told. The
 * writes of batches that wait are handed to the store together, so that the disk is waited for once; a batch is never
 * carried out before its own write and all earlier ones have ended.
 */
import type {
  Act,
  DurableRecord,
  Host,
  HostEvent,
  HostStanding,
  HostView,
  Message,
  Note,
  Ready,
  StartEvent,
} from "@berth/claims";
import type { DeadManLink } from "../ports/dead-man-link.ts";
import type { HostClock } from "../ports/host-clock.ts";
import type { PeerNetwork } from "../ports/peer-network.ts";
import type { RecordStore } from "../ports/record-store.ts";
import { GossipHold } from "./gossip-hold.ts";

/** What the loop joins. */
export interface LoopComponents {
  readonly machine: Host;
  readonly clock: HostClock;
  readonly store: Pick<RecordStore, "put">;
  readonly link: Pick<DeadManLink, "writeFeed">;
  readonly network: Pick<PeerNetwork, "self" | "send" | "broadcast">;
}

/** Who hears of what comes out. */
export interface LoopListeners {
  /** Begins an act; its end comes back as an `act-done` event. Must not call `handle` before it returns. */
  readonly act: (act: Act) => void;
  readonly note: (note: Note) => void;
  /** Records that are on the disk now. */
  readonly stored: (records: readonly DurableRecord[]) => void;
  /** The process must end: a write failed, a clock cannot be used, the machine threw. Called once. */
  readonly failed: (error: unknown) => void;
}

/** `os.uptime()` ticks every 10 ms: to wake between two ticks would be too early by the clock that decides. */
const tickMs = 10;
/** Node's timers end here; the machine asks for seconds. */
const timerMostMs = 60_000;

interface Batch {
  readonly ready: Ready;
  readonly written: Promise<void> | undefined;
}

/** One life of the protocol's machine. */
export class ProtocolLoop {
  readonly #parts: LoopComponents;
  readonly #listeners: LoopListeners;
  readonly #batches: Batch[] = [];
  readonly #gossip: GossipHold;
  #carrying: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(components: LoopComponents, listeners: LoopListeners) {
    this.#parts = components;
    this.#listeners = listeners;
    this.#gossip = new GossipHold((push) => components.network.broadcast(push));
  }

  get ended(): boolean {
    return this.#ended;
  }

  start(event: StartEvent): void {
    this.handle(event);
  }

  /** Takes one event. After the end nothing is taken any more. */
  handle(event: HostEvent): void {
    if (this.#ended) return;
    try {
      const { machine, clock } = this.#parts;
      machine.step(event, clock.now());
      this.#take(machine.takeReady());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The view without its guests. */
  standing(): HostStanding {
    const { machine, clock } = this.#parts;
    return machine.standing(clock.now());
  }

  view(): HostView {
    const { machine, clock } = this.#parts;
    return machine.view(clock.now());
  }

  /**
   * Stops between two batches: nothing more is sent or begun, as if the process had crashed, which the protocol allows for
   * at any moment. Resolves when no write is under way.
   */
  async freeze(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    const writes = this.#batches.map(({ written }) => written);
    await Promise.allSettled([this.#carrying, ...writes]);
    this.#gossip.flush();
  }

  #take(ready: Ready): void {
    this.#schedule(ready.nextWakeMs);
    for (const note of ready.notes) this.#listeners.note(note);
    const { persist, feed, send, act } = ready;
    if (persist.length === 0 && feed === undefined && send.length === 0 && act.length === 0) return;
    const written = persist.length === 0 ? undefined : this.#parts.store.put(persist);
    // Whoever waits for this batch hears of a failure; until then it is not unhandled.
    written?.catch(() => {});
    if (written === undefined && this.#carrying === undefined) {
      this.#carryOut(ready);
      return;
    }
    this.#batches.push({ ready, written });
    this.#carrying ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) {
        if (batch.written !== undefined) {
          await batch.written;
          this.#listeners.stored(batch.ready.persist);
        }
        if (this.#ended) return;
        this.#carryOut(batch.ready);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#carrying = undefined;
    }
  }

  #carryOut({ feed, send, act }: Ready): void {
    const { link, network } = this.#parts;
    if (feed !== undefined) link.writeFeed(feed);
    for (const { to, message } of send) {
      if (to === "*" && message.kind === "gossip-push") this.#gossip.take(message);
      else if (to === "*") network.broadcast(message);
      else if (to === network.self) this.#toSelf(message);
      else network.send(to, message);
    }
    for (const each of act) this.#listeners.act(each);
  }

  /** Comes back like a peer's message: in a later turn, so that this batch is through before its answer is heard. */
  #toSelf(message: Message): void {
    setImmediate(() => this.handle({ kind: "message", from: this.#parts.network.self, message }));
  }

  #schedule(nextWakeMs: number | undefined): void {
    if (nextWakeMs === undefined) return;
    clearTimeout(this.#timer);
    const visible = Math.ceil(nextWakeMs / tickMs) * tickMs;
    const waitMs = Math.min(timerMostMs, Math.max(1, visible - this.#parts.clock.now().bootMs));
    this.#timer = setTimeout(() => this.handle({ kind: "wake" }), waitMs);
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#gossip.flush();
    this.#listeners.failed(error);
  }
}
