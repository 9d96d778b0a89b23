/**
 * How other terminals reach a running simulation: one request and one answer, a line of JSON each, over a unix socket in a
 * folder that only its user can open.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";
import type { SimulationStatus } from "./simulation-status.ts";

/** What can be asked of a simulation. */
export type ControlRequest =
  | { readonly kind: "status" }
  | { readonly kind: "partition"; readonly groups: readonly (readonly string[])[] }
  | { readonly kind: "cut"; readonly from: string; readonly to: string; readonly oneWay: boolean }
  | { readonly kind: "heal" }
  | { readonly kind: "kill"; readonly host: string; readonly what: "power" | "agent" | "dead-man" }
  | { readonly kind: "freeze"; readonly host: string; readonly all: boolean; readonly forSeconds?: number }
  | { readonly kind: "thaw"; readonly host: string }
  | { readonly kind: "start"; readonly host: string }
  | { readonly kind: "down" };

/** What comes back. */
export type ControlAnswer =
  | { readonly kind: "status"; readonly status: SimulationStatus }
  /** What was done, and what to look at now. */
  | { readonly kind: "done"; readonly did: string; readonly look: string }
  | { readonly kind: "refused"; readonly why: string; readonly known?: readonly string[]; readonly word?: string };

/** Answers requests until it is closed. */
export class ControlServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(components: { readonly answer: (request: ControlRequest) => Promise<ControlAnswer> }) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      createInterface({ input: socket }).once("line", (line) => {
        const request = requestIn(line);
        if (request === undefined) socket.destroy();
        else void components.answer(request).then((answer) => socket.end(`${JSON.stringify(answer)}\n`));
      });
    });
  }

  async listen(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, "listening");
  }

  /** Lets answers that are on their way arrive; who has not asked by now gets none. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) if (!socket.writableEnded) socket.destroy();
    await closed;
  }
}

function requestIn(line: string): ControlRequest | undefined {
  try {
    return JSON.parse(line) as ControlRequest;
  } catch {
    return undefined;
  }
}

/** @throws CliError SIMULATION_ABSENT, SIMULATION_REFUSED */
export async function askSimulation(socketPath: string, request: ControlRequest): Promise<ControlAnswer> {
  const socket = connect(socketPath);
  try {
    await once(socket, "connect");
    socket.write(`${JSON.stringify(request)}\n`);
    let text = "";
    for await (const chunk of socket.setEncoding("utf8")) text += chunk;
    return JSON.parse(text) as ControlAnswer;
  } catch (cause) {
    throw new CliError("SIMULATION_ABSENT", "the simulation does not answer", {
      cause,
      exitCode: exitCodes.agentUnreachable,
      remedy: "It may just have ended; `berth sim up` starts one.",
    });
  }
}
