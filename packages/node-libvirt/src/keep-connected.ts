/**
 * A connection that comes back. libvirtd restarts (updates, crashes) while guests live on, and whoever watches them
 * must reconnect rather than end. This opens a new connection whenever the last one ended, waiting longer after each
 * failure. It repeats no call and decides nothing about guests: what happened to a call that was out is for its caller.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, type ConnectOptions, connect, targetOf } from "./connection.ts";
import { clientError, LibvirtError } from "./errors.ts";
import { type Patience, whenGivenUp } from "./give-up.ts";

/** Settings of {@link keepConnected}. */
export interface KeepConnectedOptions extends Omit<ConnectOptions, "signal"> {
  /** Called for each new connection, before anybody waiting gets it: the place to subscribe to events again. */
  readonly onConnected?: (connection: Connection) => void;
  /** Called when a connection ended or could not be opened, with the time until the next attempt. */
  readonly onLost?: (error: LibvirtError, retryInMs: number) => void;
  /** Wait after the first failure. @default 100: a restart of libvirtd takes about half a second */
  readonly delayMinimumMs?: number;
  /** The wait doubles up to this. @default 10_000: no load, and a host is back within 10 s of its daemon */
  readonly delayMaximumMs?: number;
  /** From 0 to 1; the wait is between half of its value and the whole, so that many clients do not come at once. */
  readonly random?: () => number;
}

/** A connection that comes back. */
export interface ConnectionKeeper {
  /** The open connection, or undefined while there is none. */
  readonly current: Connection | undefined;
  /** The open connection, or the next one. @throws LibvirtError `ABORTED`, `DEADLINE`, `CONNECTION_CLOSED` */
  connection(patience?: Patience): Promise<Connection>;
  /** Ends the connection and opens no other. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const delayMinimumDefaultMs = 100;
const delayMaximumDefaultMs = 10_000;
/** Past this many the wait is at its maximum in any case, and 2 to the power would overflow. */
const doublingsMaximum = 32;

/** Connects at once and again after each loss, until closed. @throws LibvirtError `INVALID_URI` at once */
export function keepConnected(uri: string, options: KeepConnectedOptions = {}): ConnectionKeeper {
  targetOf(uri, options);
  const keeper = new Keeper(uri, options);
  keeper.start();
  return keeper;
}

interface Waiter {
  resolve(connection: Connection): void;
  reject(error: LibvirtError): void;
}

class Keeper implements ConnectionKeeper {
  readonly #uri: string;
  readonly #options: KeepConnectedOptions;
  readonly #stopping = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #current: Connection | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(uri: string, options: KeepConnectedOptions) {
    this.#uri = uri;
    this.#options = options;
  }

  get current(): Connection | undefined {
    return this.#current;
  }

  start(): void {
    this.#running = this.#run();
  }

  connection(patience: Patience = {}): Promise<Connection> {
    const { signal } = patience;
    return new Promise((resolve, reject) => {
      if (this.#current !== undefined) return resolve(this.#current);
      if (this.#stopping.signal.aborted) throw closedError();
      const givenUp = (code: "ABORTED" | "DEADLINE") =>
        clientError(code, `there is no connection to ${this.#uri} yet`, { cause: signal?.reason });
      if (signal?.aborted) throw givenUp("ABORTED");
      const disarm = whenGivenUp(patience, (code) => waiter.reject(givenUp(code)));
      const finish = () => {
        disarm();
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        resolve: (connection) => {
          finish();
          resolve(connection);
        },
        reject: (error) => {
          finish();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#current?.close();
    await this.#running;
    for (const waiter of this.#waiters) waiter.reject(closedError());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { delayMaximumMs = delayMaximumDefaultMs, onLost } = this.#options;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const { error, livedMs } = await this.#connectOnce();
      if (this.#stopping.signal.aborted) return;
      // A daemon that dies at once again and again is a failure too, although each connection succeeds.
      failures = livedMs > delayMaximumMs ? 1 : failures + 1;
      const retryInMs = this.#delay(failures);
      onLost?.(error, retryInMs);
      await sleep(retryInMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }

  /** One connection from its opening to its end; returns why it ended, and how long it was usable. */
  async #connectOnce(): Promise<{ error: LibvirtError; livedMs: number }> {
    let connection: Connection;
    try {
      connection = await connect(this.#uri, { ...this.#options, signal: this.#stopping.signal });
    } catch (error) {
      if (error instanceof LibvirtError) return { error, livedMs: 0 };
      throw error;
    }
    const since = performance.now();
    this.#current = connection;
    this.#options.onConnected?.(connection);
    for (const waiter of this.#waiters) waiter.resolve(connection);
    if (this.#stopping.signal.aborted) await connection.close();
    const error = await connection.closed;
    this.#current = undefined;
    return { error: error ?? closedError(), livedMs: performance.now() - since };
  }

  #delay(failures: number): number {
    const {
      delayMinimumMs = delayMinimumDefaultMs,
      delayMaximumMs = delayMaximumDefaultMs,
      random = Math.random,
    } = this.#options;
    const whole = Math.min(delayMaximumMs, delayMinimumMs * 2 ** Math.min(failures - 1, doublingsMaximum));
    return Math.round(whole * (0.5 + random() / 2));
  }
}

function closedError(): LibvirtError {
  return clientError("CONNECTION_CLOSED", "the connection was closed by this side");
}
