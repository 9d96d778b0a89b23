/**
 * One host's way to another, as a TCP proxy that can go dark. Bytes that may not pass are held, not lost, as TCP repeats them
 * once the network is back; connections stay open, and neither side learns that the other has closed one. That is what a
 * pulled cable looks like, where a closed port would be an answer.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** An address of this machine. */
export interface LinkEnd {
  readonly address: string;
  readonly port: number;
}

/** Where a link listens, and where it leads. */
export interface LinkInit {
  /** What the dialling host dials. */
  readonly near: LinkEnd;
  /** Where the other host listens. */
  readonly far: LinkEnd;
  /** The address that connections are seen to come from: the dialling host's. */
  readonly sourceAddress: string;
}

/** Which way bytes pass: `out` from the dialling host to the other, `back` the other way. */
export interface LinkDirections {
  readonly out: boolean;
  readonly back: boolean;
}

/** One connection: its two sockets, and which of them is gone without the other having been told. */
interface Pair {
  readonly near: Socket;
  far: Socket | undefined;
}

/** The way from one host to one other. */
export class SimulatedLink {
  readonly #init: LinkInit;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #passes: LinkDirections = { out: true, back: true };

  constructor(init: LinkInit) {
    this.#init = init;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (near) => {
      this.#accept(near);
    });
  }

  /** Rejects with what the system says, such as EADDRINUSE. */
  async open(): Promise<void> {
    const { address, port } = this.#init.near;
    this.#server.listen(port, address);
    await once(this.#server, "listening");
  }

  /** Lets bytes pass or holds them, on connections that are open and on those to come. */
  pass(directions: LinkDirections): void {
    this.#passes = directions;
    for (const pair of this.#pairs) this.#apply(pair);
  }

  /** Forgets every connection at once, as the memory of a host that lost its power does. */
  reset(): void {
    for (const pair of this.#pairs) this.#drop(pair);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.reset();
    if (this.#server.listening) await once(this.#server, "close");
  }

  #accept(near: Socket): void {
    const pair: Pair = { near, far: undefined };
    this.#pairs.add(pair);
    near.on("error", () => {});
    near.on("close", () => this.#settle(pair));
    this.#apply(pair);
  }

  /** Where one direction is dark no connection comes about: its greeting needs both. */
  #dial(pair: Pair): void {
    const { far: target, sourceAddress } = this.#init;
    const far = connect({ host: target.address, port: target.port, localAddress: sourceAddress, allowHalfOpen: true });
    far.setNoDelay(true);
    pair.far = far;
    far.on("error", () => {});
    far.on("close", () => this.#settle(pair));
    forward(pair.near, far);
    forward(far, pair.near);
  }

  #apply(pair: Pair): void {
    const { out, back } = this.#passes;
    if (pair.far === undefined) {
      if (!out || !back) return;
      this.#dial(pair);
    }
    const { near, far } = pair;
    hold(near, out);
    if (far !== undefined) {
      hold(far, back);
      passEnd(near, far);
      passEnd(far, near);
    }
    this.#settle(pair);
  }

  /** Tells each side that the other is gone, as soon as word of it can pass. */
  #settle(pair: Pair): void {
    const { near, far } = pair;
    if (near.destroyed && (far === undefined || this.#passes.out)) far?.destroy();
    if (far?.destroyed === true && this.#passes.back) near.destroy();
    if (near.destroyed && (far === undefined || far.destroyed)) this.#pairs.delete(pair);
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.near.resetAndDestroy();
    pair.far?.resetAndDestroy();
  }
}

/** Sockets that must wait for a slow reader, so that the end of a cut does not undo it. */
const waiting = new WeakSet<Socket>();
/** Sockets whose bytes may not pass now. */
const held = new WeakSet<Socket>();
/** Sockets whose sender has said its last word. */
const ended = new WeakSet<Socket>();

function forward(from: Socket, to: Socket): void {
  from.on("data", (bytes) => {
    if (to.destroyed || to.write(bytes)) return;
    waiting.add(from);
    from.pause();
  });
  to.on("drain", () => {
    waiting.delete(from);
    if (!held.has(from)) from.resume();
  });
  from.on("end", () => {
    ended.add(from);
    passEnd(from, to);
  });
}

/** The last word of a socket goes the same way as its bytes. */
function passEnd(from: Socket, to: Socket): void {
  if (ended.has(from) && !held.has(from)) to.end();
}

function hold(socket: Socket, passes: boolean): void {
  if (passes) {
    held.delete(socket);
    if (!waiting.has(socket)) socket.resume();
  } else {
    held.add(socket);
    socket.pause();
  }
}
