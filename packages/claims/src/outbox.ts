/**
 * Where the small machines of one host put what is to be done. It keeps the order of `ready.ts`: every record of a batch
 * becomes durable before anything is sent, every send precedes every act.
 */
import type { Message } from "./messages.ts";
import type { Act, DeadManFeed, Note, Ready, Send } from "./ready.ts";
import type { DurableRecord } from "./records.ts";
import type { Rules } from "./rules.ts";
import type { HostId } from "./words.ts";

type ActRequest = Act extends infer A ? (A extends Act ? Omit<A, "id"> : never) : never;

/** What has become ready during a step. */
export class Outbox {
  readonly #rules: Rules;
  #persist: DurableRecord[] = [];
  #send: Send[] = [];
  #act: Act[] = [];
  #notes: Note[] = [];
  #feed: DeadManFeed | undefined;
  #nextAct = 1;

  constructor(components: { readonly rules: Rules }) {
    this.#rules = components.rules;
  }

  persist(record: DurableRecord): void {
    if (this.#rules.isDurable(record)) this.#persist.push(record);
  }

  send(to: HostId | "*", message: Message): void {
    this.#send.push({ to, message });
  }

  /** Numbers the act and returns it, so that its end can be recognised. */
  act(request: ActRequest): Act {
    const act = { ...request, id: this.#nextAct++ } as Act;
    this.#act.push(act);
    return act;
  }

  note(note: Note): void {
    this.#notes.push(note);
  }

  feed(feed: DeadManFeed): void {
    this.#feed = feed;
  }

  /** The batch so far; the outbox is empty afterwards. */
  take(nextWakeMs: number | undefined): Ready {
    const ready: Ready = {
      persist: this.#persist,
      ...(this.#feed === undefined ? {} : { feed: this.#feed }),
      send: this.#send,
      act: this.#act,
      notes: this.#notes,
      ...(nextWakeMs === undefined ? {} : { nextWakeMs }),
    };
    this.#persist = [];
    this.#send = [];
    this.#act = [];
    this.#notes = [];
    this.#feed = undefined;
    return ready;
  }
}
