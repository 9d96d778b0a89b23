/** A server that says to a client exactly what a test wants it to hear: also what no libvirt ever would. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Codec } from "../src/codec.ts";
import {
  decodeHeader,
  encodeFrame,
  type FrameHeader,
  FrameSplitter,
  headerBytes,
  keepAliveProgram,
  messageStatus,
  messageType,
  programVersion,
  remoteProgram,
} from "../src/frame.ts";
import { connectionProcedures, hostProcedures } from "../src/host.ts";
import { XdrReader } from "../src/xdr.ts";

/** One call that arrived. */
export interface ReceivedCall {
  readonly header: FrameHeader;
  readonly payload: XdrReader;
}

/** The server's side of one connection. */
export class Peer {
  readonly socket: Socket;
  readonly calls: ReceivedCall[] = [];
  readonly keepAlives: FrameHeader[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Sends the frame of a successful reply. */
  reply<T>(call: ReceivedCall, codec: Codec<T>, value: T): void {
    this.socket.write(replyFrame(call.header, codec, value));
  }

  /** Sends an error as libvirt would. */
  refuse(call: ReceivedCall, error: { code: number; domain: number; message: string | null; level?: number }): void {
    this.socket.write(
      encodeFrame({ ...call.header, type: messageType.reply, status: messageStatus.error }, (writer) => {
        writer.int32(error.code);
        writer.int32(error.domain);
        writer.bool(error.message !== null);
        if (error.message !== null) writer.string(error.message, 1 << 20);
        writer.int32(error.level ?? 2);
        for (let absent = 0; absent < 4; absent++) writer.bool(false);
        writer.int32(0);
        writer.int32(0);
        writer.bool(false);
      }),
    );
  }

  /** Sends an event. */
  event<T>(procedure: number, codec: Codec<T>, value: T): void {
    this.socket.write(eventFrame(procedure, codec, value));
  }

  /** Sends a keepalive message. */
  keepAlive(procedure: number): void {
    this.socket.write(
      encodeFrame(
        { program: keepAliveProgram, version: 1, procedure, type: messageType.message, serial: 0, status: 0 },
        () => {},
      ),
    );
  }
}

/** The frame of a successful reply to `header`. */
export function replyFrame<T>(header: FrameHeader, codec: Codec<T>, value: T): Buffer {
  const reply = { ...header, type: messageType.reply, status: messageStatus.ok };
  return encodeFrame(reply, (writer) => codec.encode(writer, value));
}

/** The call that most tests make, because its result is only a text. */
export const hostname = hostProcedures.hostname;

/** The right answer to that call. */
export function goodReply(call: ReceivedCall): Buffer {
  return replyFrame(call.header, hostname.result, "h1");
}

/** The frame of an event. */
export function eventFrame<T>(procedure: number, codec: Codec<T>, value: T): Buffer {
  const header = {
    program: remoteProgram,
    version: programVersion,
    procedure,
    type: messageType.message,
    serial: 0,
    status: 0,
  };
  return encodeFrame(header, (writer) => codec.encode(writer, value));
}

/** What the server does with a call, once the connection is open. */
export type Script = (call: ReceivedCall, peer: Peer) => void;

/** What opening a connection is answered with. */
export interface Opening {
  /** @default [0], no authentication */
  readonly authTypes?: readonly number[];
  /** @default true */
  readonly keepAlive?: boolean;
  /** @default false: the test looks at the pings itself */
  readonly answerPings?: boolean;
  /** Answers nothing at all, not even the opening. @default false */
  readonly silent?: boolean;
}

/** A listening server; `await using` ends it. */
export class ScriptedServer {
  readonly peers: Peer[] = [];
  readonly #server: Server;
  readonly #directory: string;
  readonly #script: Script;
  readonly #opening: Opening;

  constructor(directory: string, script: Script, opening: Opening) {
    this.#directory = directory;
    this.#script = script;
    this.#opening = opening;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(script: Script, opening: Opening = {}): Promise<ScriptedServer> {
    const directory = await mkdtemp(join(tmpdir(), "scripted-"));
    const server = new ScriptedServer(directory, script, opening);
    await server.listen();
    return server;
  }

  get socketPath(): string {
    return join(this.#directory, "sock");
  }

  get uri(): string {
    return `test:///default?socket=${this.socketPath}`;
  }

  /** The connection that was accepted last. */
  get peer(): Peer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error("nobody has connected yet");
    return peer;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.socketPath, resolve));
  }

  /** Closes the socket and every connection, as a daemon that stops. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const peer of this.peers) peer.socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #accept(socket: Socket): void {
    const peer = new Peer(socket);
    const splitter = new FrameSplitter();
    this.peers.push(peer);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      for (const frame of splitter.push(chunk)) this.#receive(peer, Buffer.from(frame));
    });
  }

  #receive(peer: Peer, frame: Buffer): void {
    const header = decodeHeader(frame);
    if (header.program === keepAliveProgram) {
      peer.keepAlives.push(header);
      if (this.#opening.answerPings === true && header.procedure === 1) peer.keepAlive(2);
      return;
    }
    if (this.#opening.silent === true) return;
    const call = { header, payload: new XdrReader(frame, headerBytes) };
    const { authTypes = [0], keepAlive = true } = this.#opening;
    const { authList, supportsFeature, open, close } = connectionProcedures;
    switch (header.procedure) {
      case authList.number:
        peer.reply(call, authList.result, authTypes);
        break;
      case supportsFeature.number:
        peer.reply(call, supportsFeature.result, keepAlive);
        break;
      case open.number:
      case close.number:
        peer.reply(call, open.result, undefined);
        break;
      default:
        peer.calls.push(call);
        this.#script(call, peer);
    }
  }
}
