/**
 * A unix socket before libvirtd's own that writes down every call which passes through it, whoever makes it: Berth,
 * virsh or another client of libvirt. What it forwards is not changed, unless a test asks for it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** libvirt's remote program and its message type "call". Source: libvirt, src/rpc/virnetprotocol.x */
const remoteProgram = 0x20008086;
const callType = 0;
/** length, program, version, procedure, type, serial, status: seven words of four bytes. */
const headerBytes = 28;

/** Procedures by which a client introduces itself; they ask nothing of a hypervisor. */
export const handshake: Readonly<Record<number, string>> = {
  1: "connect-open",
  2: "connect-close",
  60: "connect-supports-feature",
  66: "auth-list",
};

/** A proxy before one libvirtd. `await using` closes it at the end of the scope. */
export interface RecordingProxy {
  readonly socketPath: string;
  /** Procedure numbers of all calls since the start or the last {@link RecordingProxy.clear}, in order. */
  readonly procedures: readonly number[];
  clear(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a proxy may do beside recording. */
export interface RecordingProxyInit {
  /** Changes the bytes of a whole call in place, as a faulty client would send it. @default nothing is changed */
  readonly alter?: (frame: Buffer, procedure: number) => void;
}

/** Starts a proxy before the libvirtd at `target`. */
export async function startRecordingProxy(target: string, init: RecordingProxyInit = {}): Promise<RecordingProxy> {
  const folder = mkdtempSync(join(tmpdir(), "berth-proxy-"));
  const socketPath = join(folder, "libvirt-sock");
  const procedures: number[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const daemon = createConnection(target);
    const note = frameReader((frame, procedure) => {
      if (procedure !== undefined) procedures.push(procedure);
      if (procedure !== undefined) init.alter?.(frame, procedure);
      daemon.write(frame);
    });
    client.on("data", note);
    client.on("end", () => daemon.end());
    daemon.pipe(client);
    for (const [from, to] of [
      [client, daemon],
      [daemon, client],
    ] as const) {
      open.add(from);
      // A client that is killed ends its connection in any way it likes.
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  return {
    socketPath,
    procedures,
    clear: () => void procedures.splice(0),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @returns a listener for chunks that hands on whole frames, those of calls with their procedure */
function frameReader(onFrame: (frame: Buffer, procedure: number | undefined) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= headerBytes) {
      const length = rest.readUInt32BE(at);
      if (rest.length - at < length) break;
      const isCall = rest.readUInt32BE(at + 4) === remoteProgram && rest.readInt32BE(at + 16) === callType;
      onFrame(rest.subarray(at, at + length), isCall ? rest.readInt32BE(at + 12) : undefined);
      at += length;
    }
    rest = rest.subarray(at);
  };
}
