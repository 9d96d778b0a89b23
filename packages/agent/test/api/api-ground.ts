/** The local API over a real socket, as its suites start it: a folder for each test, and ways to ask that no client has. */
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { agentClient } from "../../src/api/client.ts";
import { type RunningApi, startApi } from "../../src/api/start-api.ts";
import { keptLog, shownAgent } from "./shown-agent.ts";

/** What one test works on; made before each. */
export class ApiGround {
  readonly folder = mkdtempSync(join(tmpdir(), "berth-api-"));
  socketPath = join(this.folder, "agent.sock");

  constructor() {
    onTestFinished(() => rmSync(this.folder, { recursive: true }));
  }

  /** Starts the API of an agent; it ends with the test. */
  async serve(change: { agent?: ReturnType<typeof shownAgent>; httpListen?: string; socketGroup?: string } = {}) {
    const { socketPath } = this;
    const { agent = shownAgent(), httpListen = "", socketGroup = "" } = change;
    const { log, lines } = keptLog();
    const api: RunningApi = await startApi({ agent, config: { socketPath, socketGroup, httpListen }, log });
    onTestFinished(() => api.close());
    return { agent, api, lines, client: agentClient({ socketPath }) };
  }

  /** Something else that listens at the socket's path. */
  async foreign(onConnection: (socket: Socket) => void): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on("error", () => {}));
      onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  /** One raw request over the socket. */
  raw(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.socketPath, method, path, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      });
      asked.on("error", reject);
      asked.end(body);
    });
  }

  /** Bytes as they are, and what comes back until the server ends it. */
  rawBytes(bytes: string): Promise<string> {
    return new Promise((resolve) => {
      const socket: Socket = connect(this.socketPath, () => socket.write(bytes));
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString();
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(text));
    });
  }
}
