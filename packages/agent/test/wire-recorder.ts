import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Stands between a client and libvirtd and writes down the number of every procedure that the client calls. It reads
 * nothing but frame headers, and knows nothing of the client it watches: what it did not see was not sent.
 */
export interface WireRecorder {
  /** Connect here in place of libvirtd's socket. */
  readonly socketPath: string;
  /** Procedure numbers of libvirt's remote program, in the order of the calls. */
  readonly calls: number[];
  close(): Promise<void>;
}

const remoteProgram = 0x20008086;
/** virNetMessageType */
const call = 0;
const headerBytes = 28;

/** Starts to listen before the socket of a libvirtd. */
export async function recordWire(daemonSocket: string): Promise<WireRecorder> {
  const folder = mkdtempSync(join(tmpdir(), "berth-wire-"));
  const socketPath = join(folder, "sock");
  const calls: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const daemon = connect(daemonSocket);
    for (const socket of [client, daemon]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    client.on("data", frameReader(calls));
    client.pipe(daemon).pipe(client);
    client.on("close", () => daemon.destroy());
    daemon.on("close", () => client.destroy());
  });
  server.listen(socketPath);
  await once(server, "listening");
  return {
    socketPath,
    calls,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Puts frames together from what arrives and notes the procedure of each call. */
function frameReader(calls: number[]): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0);
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= headerBytes && pending.length >= pending.readUInt32BE(0)) {
      const isCall = pending.readUInt32BE(4) === remoteProgram && pending.readInt32BE(16) === call;
      if (isCall) calls.push(pending.readInt32BE(12));
      pending = pending.subarray(pending.readUInt32BE(0));
    }
  };
}

/** Procedures that leave everything as it is. Source: libvirt's `src/remote/remote_protocol.x`, numbers and `@acl`. */
export const readingProcedures: Readonly<Record<number, string>> = {
  1: "CONNECT_OPEN",
  2: "CONNECT_CLOSE",
  3: "CONNECT_GET_TYPE",
  4: "CONNECT_GET_VERSION",
  6: "NODE_GET_INFO",
  7: "CONNECT_GET_CAPABILITIES",
  14: "DOMAIN_GET_XML_DESC",
  15: "DOMAIN_GET_AUTOSTART",
  16: "DOMAIN_GET_INFO",
  23: "DOMAIN_LOOKUP_BY_NAME",
  24: "DOMAIN_LOOKUP_BY_UUID",
  43: "NETWORK_GET_XML_DESC",
  44: "NETWORK_GET_AUTOSTART",
  46: "NETWORK_LOOKUP_BY_NAME",
  59: "CONNECT_GET_HOSTNAME",
  60: "CONNECT_SUPPORTS_FEATURE",
  66: "AUTH_LIST",
  88: "STORAGE_POOL_GET_XML_DESC",
  97: "STORAGE_VOL_LOOKUP_BY_PATH",
  110: "CONNECT_GET_URI",
  150: "DOMAIN_IS_ACTIVE",
  151: "DOMAIN_IS_PERSISTENT",
  152: "NETWORK_IS_ACTIVE",
  153: "NETWORK_IS_PERSISTENT",
  157: "CONNECT_GET_LIB_VERSION",
  183: "DOMAIN_HAS_MANAGED_SAVE_IMAGE",
  212: "DOMAIN_GET_STATE",
  273: "CONNECT_LIST_ALL_DOMAINS",
  281: "CONNECT_LIST_ALL_STORAGE_POOLS",
  283: "CONNECT_LIST_ALL_NETWORKS",
  313: "CONNECT_NETWORK_EVENT_REGISTER_ANY",
  314: "CONNECT_NETWORK_EVENT_DEREGISTER_ANY",
  316: "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY",
  317: "CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY",
  344: "CONNECT_GET_ALL_DOMAIN_STATS",
};
