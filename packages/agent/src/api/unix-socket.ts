/**
 * The agent's socket file. A file that a dead agent left is replaced; one behind which somebody answers is not, for two agents on
 * one host would each show half of the truth.
 */
import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { AgentError } from "../agent-error.ts";

/** Bytes that the kernel's `sun_path` holds, its last zero left out (unix(7)). */
const pathBytesMost = 107;
/** Owner and group; others have no business there. */
const socketMode = 0o660;

/**
 * Listens on a path.
 *
 * @throws AgentError STATE_FILE_LOCKED when an agent answers there, STATE_FILE_UNAVAILABLE when it cannot be made, CONFIG_INVALID for a
 *   path that is too long or no socket
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > pathBytesMost) {
    throw new AgentError("CONFIG_INVALID", `${path}: a socket's path has at most ${pathBytesMost} bytes`);
  }
  await clearPath(path);
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) =>
      reject(new AgentError("STATE_FILE_UNAVAILABLE", `${path}: cannot be listened on (${cause.code})`, { cause }));
    server.once("error", fail);
    server.listen(path, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

/**
 * Lets a group use the socket. Before this only its owner can: the mode that a new socket has lets nobody else write to it.
 *
 * @returns why the group could not be given it; undefined when it was
 */
export function openToGroup(path: string, group: string): string | undefined {
  let problem: string | undefined;
  if (group !== "") {
    try {
      const gid = groupId(group);
      if (gid === undefined) problem = `there is no group ${group}`;
      else chownSync(path, -1, gid);
    } catch (error) {
      problem = `the group cannot be set (${(error as NodeJS.ErrnoException).code})`;
    }
  }
  chmodSync(path, socketMode);
  return problem;
}

function groupId(group: string): number | undefined {
  if (/^\d+$/.test(group)) return Number(group);
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((one) => one.startsWith(`${group}:`));
  return line === undefined ? undefined : Number(line.split(":")[2]);
}

async function clearPath(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new AgentError("CONFIG_INVALID", `${path} is there and is no socket; it is left alone`);
  if (await answers(path)) {
    throw new AgentError("STATE_FILE_LOCKED", `another agent answers at ${path}`, {
      remedy: "stop it first: systemctl stop berth-agent",
    });
  }
  unlinkSync(path);
}

/** Whether somebody accepts connections there. Refused means that its process is gone. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ECONNREFUSED" || cause.code === "ENOENT") resolve(false);
      else reject(new AgentError("STATE_FILE_UNAVAILABLE", `${path}: cannot be asked (${cause.code})`, { cause }));
    });
  });
}
