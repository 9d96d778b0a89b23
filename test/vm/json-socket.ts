/** One JSON value a line over a unix socket, as QEMU's monitor (QMP) and its guest agent both speak. */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** What arrives: an answer, an error or an event. */
export interface Message {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Answers are matched by number: those to what a machine was asked before a reset may come late or never. */
export class JsonSocket {
  readonly #socket: Socket;
  readonly #onEvent: (message: Message, atMs: number) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;

  private constructor(socket: Socket, onEvent: (message: Message, atMs: number) => void) {
    this.#socket = socket;
    this.#onEvent = onEvent;
    const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on("line", (line) => this.#take(line)).on("error", () => {});
    socket.on("error", () => {});
    socket.on("close", () => this.forget("the machine is gone"));
  }

  /** @throws the socket's error where nobody listens yet */
  static async open(path: string, onEvent: (message: Message, atMs: number) => void = () => {}): Promise<JsonSocket> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new JsonSocket(socket, onEvent);
  }

  /** @throws Error with what the other side says */
  ask(execute: string, args: object = {}): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    answer.promise.catch(() => {});
    this.#asked += 1;
    this.#waiting.set(this.#asked, answer);
    this.#socket.write(`${JSON.stringify({ execute, arguments: args, id: this.#asked })}\n`);
    return answer.promise;
  }

  /** Waits no longer for answers to what was asked so far. */
  forget(why: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(line: string): void {
    const atMs = performance.now();
    const message = parsed(line);
    if (message === undefined) return;
    if (message.event !== undefined) this.#onEvent(message, atMs);
    const answer = this.#waiting.get(message.id ?? 0);
    this.#waiting.delete(message.id ?? 0);
    if (message.error !== undefined) answer?.reject(new Error(message.error.desc));
    else answer?.resolve(message.return);
  }
}

/** A guest agent that was cut off in the middle of a line leaves half of one. */
function parsed(line: string): Message | undefined {
  try {
    return JSON.parse(line.replace(/^[^{]*/, "")) as Message;
  } catch {
    return undefined;
  }
}
