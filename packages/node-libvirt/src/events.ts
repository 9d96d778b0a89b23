/**
 * Subscriptions. The daemon gives each a number and puts it into every event. An event may arrive before the answer
 * that names the number; it is kept until then, so that a subscriber misses nothing.
 */
import type { Channel } from "./channel.ts";
import { type Codec, decodeWhole, int32, nothing } from "./codec.ts";
import { type Procedure, procedure } from "./procedure.ts";

/** A running subscription. */
export interface Subscription {
  /** Ends it: the listener is not called any more from now on. Resolves when the daemon knows too, or is gone. */
  unsubscribe(): Promise<void>;
}

/** The procedures of one kind of event. */
export interface EventKind<Args extends readonly unknown[], Message extends { readonly callbackId: number }> {
  readonly register: Procedure<Args, number>;
  readonly deregister: Procedure<[callbackId: number], void>;
  /** Procedure number of the events. */
  readonly number: number;
  readonly message: Codec<Message>;
}

/** A deregistration, which looks the same for all kinds. */
export function deregistration(name: string, number: number): Procedure<[callbackId: number], void> {
  return procedure(name, number, [int32], nothing);
}

/** Events kept for registrations that are not answered yet. 1024 take the daemon far less time than one answer. */
const earlyMaximum = 1024;

/** The subscriptions of one kind on one connection. */
export class EventHub<Args extends readonly unknown[], Message extends { readonly callbackId: number }> {
  readonly #channel: Channel;
  readonly #kind: EventKind<Args, Message>;
  readonly #listeners = new Map<number, (message: Message) => void>();
  #registering = 0;
  #early: Message[] = [];

  constructor(channel: Channel, kind: EventKind<Args, Message>) {
    this.#channel = channel;
    this.#kind = kind;
    channel.onEvent(kind.number, (reader) => this.#receive(decodeWhole(kind.message, reader)));
  }

  /** Registers with the daemon. @throws LibvirtError as any call */
  async subscribe(args: Args, listener: (message: Message) => void): Promise<Subscription> {
    this.#registering++;
    try {
      const id = await this.#channel.call(this.#kind.register, args, {}, (callbackId) =>
        this.#add(callbackId, listener),
      );
      return { unsubscribe: () => this.#unsubscribe(id) };
    } finally {
      this.#registering--;
      if (this.#registering === 0) this.#early = [];
    }
  }

  async #unsubscribe(id: number): Promise<void> {
    if (!this.#listeners.delete(id) || this.#channel.ended) return;
    await this.#channel.call(this.#kind.deregister, [id]);
  }

  #add(callbackId: number, listener: (message: Message) => void): void {
    this.#listeners.set(callbackId, listener);
    for (const message of this.#early) if (message.callbackId === callbackId) notify(listener, message);
    this.#early = this.#early.filter((message) => message.callbackId !== callbackId);
  }

  #receive(message: Message): void {
    const listener = this.#listeners.get(message.callbackId);
    if (listener !== undefined) notify(listener, message);
    else if (this.#registering > 0 && this.#early.length < earlyMaximum) this.#early.push(message);
  }
}

/** A listener that throws is a bug of its owner: it surfaces as an uncaught exception, not as a broken connection. */
function notify<Message>(listener: (message: Message) => void, message: Message): void {
  try {
    listener(message);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
