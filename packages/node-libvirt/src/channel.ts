/**
 * One unix socket to a daemon: bytes become frames, frames go to the call, the event listener or the keepalive they
 * belong to. Anything that does not fit the protocol ends the connection: after it, nothing on the stream means what
 * it seems to.
 */
import { connect, type Socket } from "node:net";
import { CallQueue } from "./call.ts";
import type { CallOptions } from "./call-options.ts";
import { clientError, LibvirtError } from "./errors.ts";
import {
  decodeHeader,
  type FrameHeader,
  FrameSplitter,
  headerBytes,
  keepAliveProgram,
  messageStatus,
  messageType,
  programVersion,
  remoteProgram,
} from "./frame.ts";
import { type Patience, whenGivenUp } from "./give-up.ts";
import { KeepAlive, type KeepAliveInit } from "./keepalive.ts";
import type { Caller, Procedure } from "./procedure.ts";
import { XdrReader } from "./xdr.ts";

/** Sees the payload of each event of one procedure number. @throws LibvirtError `DECODE` when it cannot be read */
export type EventHandler = (reader: XdrReader) => void;

/** Unsent bytes above which keepalive says nothing: more than a socket holds means that nobody reads. */
const pongsBytesMaximum = 64 << 10;

/** Frames in, frames out. */
export class Channel implements Caller {
  /** Resolves when the connection has ended: with the reason, or with undefined after {@link close}. Never rejects. */
  readonly closed: Promise<LibvirtError | undefined>;
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter();
  readonly #calls: CallQueue;
  readonly #keepAlive: KeepAlive;
  readonly #events = new Map<number, EventHandler>();
  #failure: LibvirtError | undefined;

  /** Takes over a connected socket. */
  constructor(socket: Socket, deadlineMs: number) {
    this.#socket = socket;
    const write = (frame: Buffer) => void socket.write(frame);
    this.#calls = new CallQueue(write, deadlineMs);
    // A pong that the daemon is not reading is of no use to it, and must not pile up here.
    const writeIfRead = (frame: Buffer) => void (socket.writableLength < pongsBytesMaximum && socket.write(frame));
    this.#keepAlive = new KeepAlive(writeIfRead, (error) => this.#end(error));
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", (cause) => this.#end(clientError("CONNECTION_LOST", cause.message, { cause })));
    socket.on("end", () => this.#end(this.#lost()));
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#end(this.#lost());
        resolve(this.#failure?.code === "CONNECTION_CLOSED" ? undefined : this.#failure);
      });
    });
  }

  /** True when a call would be sent at once. */
  get free(): boolean {
    return this.#calls.free;
  }

  /** True when nothing can be called any more. */
  get ended(): boolean {
    return this.#failure !== undefined;
  }

  /** As {@link CallQueue.submit}. */
  call<Args extends readonly unknown[], Result>(
    procedure: Procedure<Args, Result>,
    args: Args,
    options?: CallOptions,
    onResult?: (result: Result) => void,
  ): Promise<Result> {
    return this.#calls.submit(procedure, args, options, onResult);
  }

  /** Sends the events of a procedure number to `handler`. Those without a handler are dropped. */
  onEvent(procedureNumber: number, handler: EventHandler): void {
    this.#events.set(procedureNumber, handler);
  }

  startKeepAlive(init: KeepAliveInit): void {
    this.#keepAlive.start(init);
  }

  /** Ends the connection; what is still waiting is rejected with `CONNECTION_CLOSED`. */
  close(): void {
    this.#end(clientError("CONNECTION_CLOSED", "the connection was closed by this side"));
  }

  #receive(chunk: Buffer): void {
    this.#keepAlive.heard();
    try {
      for (const frame of this.#splitter.push(chunk)) {
        this.#dispatch(decodeHeader(frame), new XdrReader(frame, headerBytes));
        if (this.#failure !== undefined) return;
      }
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error;
      this.#end(error);
    }
  }

  #dispatch(header: FrameHeader, reader: XdrReader): void {
    const { program, version, type, status, procedure } = header;
    const known = program === remoteProgram || program === keepAliveProgram;
    if (!known || version !== programVersion) {
      throw clientError("PROTOCOL", `libvirt sent a frame of program 0x${program.toString(16)} version ${version}`);
    }
    if (program === keepAliveProgram) {
      this.#keepAlive.receive(header);
    } else if (type === messageType.reply && (status === messageStatus.ok || status === messageStatus.error)) {
      this.#calls.reply(header, reader);
    } else if (type === messageType.message && status === messageStatus.ok) {
      // An event that cannot be read ends the connection: its listener would otherwise miss it and never know.
      this.#events.get(procedure)?.(reader);
    } else {
      throw clientError(
        "PROTOCOL",
        `libvirt sent a frame of type ${type} and status ${status}, which was not asked for`,
      );
    }
  }

  #lost(): LibvirtError {
    const where = this.#splitter.insideFrame ? " in the middle of a frame" : "";
    return clientError("CONNECTION_LOST", `libvirt closed the connection${where}`);
  }

  #end(error: LibvirtError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#keepAlive.stop();
    this.#socket.destroy();
    this.#calls.fail(error);
  }
}

/** Opens a socket. @throws LibvirtError `CONNECT_FAILED`, `ABORTED`, `DEADLINE` */
export function dial(socketPath: string, patience: Patience): Promise<Socket> {
  const { signal } = patience;
  const givenUp = (code: "ABORTED" | "DEADLINE") =>
    clientError(code, `gave up connecting to ${socketPath}`, { cause: signal?.reason });
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw givenUp("ABORTED");
    const socket = connect(socketPath);
    const disarm = whenGivenUp(patience, (code) => fail(givenUp(code)));
    const connected = () => {
      disarm();
      socket.off("error", failed);
      resolve(socket);
    };
    const failed = (cause: Error) => fail(clientError("CONNECT_FAILED", connectProblem(socketPath, cause), { cause }));
    const fail = (error: LibvirtError) => {
      disarm();
      socket.off("connect", connected);
      socket.destroy();
      reject(error);
    };
    socket.once("connect", connected).on("error", failed);
  });
}

function connectProblem(socketPath: string, cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case "ENOENT":
      return `there is no socket ${socketPath}: is libvirtd, or the driver's daemon, running?`;
    case "EACCES":
    case "EPERM":
      return `no permission for ${socketPath}: run as root or as a member of the group that owns it`;
    case "ECONNREFUSED":
      return `nobody listens on ${socketPath}: libvirt's daemon has stopped`;
    default:
      return `cannot connect to ${socketPath}: ${cause.message}`;
  }
}
