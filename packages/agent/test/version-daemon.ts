/** As much of libvirt's daemon as a host is asked by to know whether it is there: it lets everybody in and tells its version. */
import { createServer, type Server, type Socket } from "node:net";

/** Payloads of the answers by procedure number (libvirt's `remote_protocol.x`). */
const answers = (version: number): ReadonlyMap<number, readonly number[]> =>
  new Map([
    [66, [1, 0]], // AUTH_LIST: one way in, none
    [60, [0]], // CONNECT_SUPPORTS_FEATURE: no keepalive
    [1, []], // CONNECT_OPEN
    [2, []], // CONNECT_CLOSE
    [157, [0, version]], // CONNECT_GET_LIB_VERSION
  ]);

/** Length, program, version, procedure, type, serial, status. */
const headerWords = 7;

/** A listening daemon; `await using` ends it. */
export class VersionDaemon {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(version: number) {
    const payloads = answers(version);
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        for (let at = 0; at < chunk.length; at += chunk.readUInt32BE(at)) socket.write(answer(chunk, at, payloads));
      });
    });
  }

  static async start(path: string, version: number): Promise<VersionDaemon> {
    const daemon = new VersionDaemon(version);
    await new Promise<void>((resolve) => daemon.#server.listen(path, resolve));
    return daemon;
  }

  /** As a daemon that stops. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.close();
  }
}

/** The reply to the call that begins at this byte: its header again, as a reply, and the payload. */
function answer(call: Buffer, at: number, payloads: ReadonlyMap<number, readonly number[]>): Buffer {
  const [, program, version, procedure = 0, , serial] = Array.from({ length: headerWords }, (_, word) =>
    call.readUInt32BE(at + 4 * word),
  );
  const words = [0, program ?? 0, version ?? 0, procedure, 1, serial ?? 0, 0, ...(payloads.get(procedure) ?? [])];
  const frame = Buffer.alloc(4 * words.length);
  for (const [index, word] of words.entries()) frame.writeUInt32BE(word, 4 * index);
  frame.writeUInt32BE(frame.length, 0);
  return frame;
}
