/** Connecting through silence: a process whose kernel answers no SYN any more, because nobody takes its connections. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, describe, expect, it } from "vitest";
import { quickConnect } from "../../src/peers/quick-connect.ts";

const connectMs = 400;
const program = `const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));`;

const children = new Set<ChildProcess>();
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const child of children) child.kill("SIGKILL");
});

async function startListener(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  return { child, port: Number(port) };
}

/** Stops the process and fills the queue of connections that it would take, until a SYN is not answered any more. */
async function silence(child: ChildProcess, port: number): Promise<void> {
  child.kill("SIGSTOP");
  for (;;) {
    const socket = connect({ port, host: "127.0.0.1" });
    sockets.add(socket.on("error", () => {}));
    const isSilent = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), 300);
      socket.once("connect", () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
    if (isSilent) return;
  }
}

const silentLog: object = Object.assign(() => {}, { error: () => {}, trace: () => {}, newScope: () => silentLog });

/** Dials; what came of it is `connected` as soon as the handshakes would begin. */
function dial(port: number): Promise<string> {
  const transport = quickConnect({}, connectMs)({ logger: { forComponent: () => silentLog } } as never);
  const upgrader = { upgradeOutbound: async () => "connected" };
  const options = { signal: AbortSignal.timeout(10_000), upgrader } as never;
  return transport.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}`), options).then(String, (error: Error) => error.name);
}

describe("a dial", () => {
  it("is given up before the kernel repeats a SYN that nobody answered, and connects once somebody does", async () => {
    const { child, port } = await startListener();
    await silence(child, port);
    const began = performance.now();
    expect(await dial(port)).toBe("AbortError");
    expect(performance.now() - began).toBeGreaterThanOrEqual(connectMs);
    child.kill("SIGCONT");
    await expect.poll(() => dial(port), { timeout: 30_000 }).toBe("connected");
  });

  it("is not given up because this process was held up while the answer came", async () => {
    const { port } = await startListener();
    const dialling = dial(port);
    // The dial has begun; now nothing runs here for longer than its limit.
    const untilMs = performance.now() + 2 * connectMs;
    while (performance.now() < untilMs);
    expect(await dialling).toBe("connected");
  });
});
