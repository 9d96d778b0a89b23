/** The local API over a real socket: who is answered, what is refused, and that nothing a caller sends costs much. */
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { agentClient } from "../../src/api/client.ts";
import { type RunningApi, startApi } from "../../src/api/start-api.ts";
import { keptLog, oneHost, shownAgent } from "./shown-agent.ts";

let folder = "";
let socketPath = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-api-"));
  socketPath = join(folder, "agent.sock");
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

async function serve(
  change: { agent?: ReturnType<typeof shownAgent>; httpListen?: string; socketGroup?: string } = {},
) {
  const { agent = shownAgent(), httpListen = "", socketGroup = "" } = change;
  const { log, lines } = keptLog();
  const api: RunningApi = await startApi({ agent, config: { socketPath, socketGroup, httpListen }, log });
  onTestFinished(() => api.close());
  return { agent, api, lines, client: agentClient({ socketPath }) };
}

/** Something else that listens at the socket's path. */
async function foreign(onConnection: (socket: Socket) => void): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
}

/** One raw request over the socket. */
function raw(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, agent: false }, (response) => {
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
function rawBytes(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = connect(socketPath, () => socket.write(bytes));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

describe("the socket", () => {
  it("is for its owner and group, and gone after the end", async () => {
    const { api } = await serve();
    expect(statSync(socketPath).mode & 0o777).toBe(0o660);
    await api.close();
    expect(existsSync(socketPath)).toBe(false);
  });

  it("that a dead agent left behind is replaced", async () => {
    const dead = createServer().listen(socketPath);
    await vi.waitFor(() => expect(existsSync(socketPath)).toBe(true));
    // The file stays, as after a power cut, while nobody listens any more.
    const kept = join(folder, "kept");
    const { linkSync, renameSync } = await import("node:fs");
    linkSync(socketPath, kept);
    await new Promise((resolve) => dead.close(resolve));
    renameSync(kept, socketPath);
    const { client } = await serve();
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("at which another agent answers is refused, and that agent goes on", async () => {
    const { client } = await serve();
    await expect(serve()).rejects.toMatchObject({ code: "STATE_FILE_LOCKED" });
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("is not put in place of another file", async () => {
    writeFileSync(socketPath, "precious");
    await expect(serve()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(statSync(socketPath).size).toBe(8);
  });

  it("with a path that the kernel cannot take is refused in words", async () => {
    socketPath = join(folder, "x".repeat(120));
    await expect(serve()).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("107 bytes"),
    });
  });

  it("stays with its owner when the group is unknown, and the log says so", async () => {
    const { lines } = await serve({ socketGroup: "no-such-group" });
    expect(lines).toContainEqual(expect.objectContaining({ code: "SOCKET_GROUP", level: "warn" }));
    expect(statSync(socketPath).gid).toBe(process.getgid?.());
  });
});

describe("the client", () => {
  it("gets the whole snapshot back as it was, passwords hidden", async () => {
    const facts = new Map([["h2", { ageMs: 5, what: { degraded: ["x"] } }]]) as unknown as ReturnType<
      typeof oneHost
    >["facts"];
    const secret = oneHost({ facts, hypervisorProblem: `<graphics passwd='hunter2' port="1"/>` });
    const { client } = await serve({ agent: shownAgent(() => secret) });
    const { hypervisorProblem, ...rest } = await client.snapshot();
    const { hypervisorProblem: _, ...expected } = secret;
    expect(rest).toEqual(expected);
    expect(hypervisorProblem).toBe(`<graphics passwd='***' port="1"/>`);
  });

  it("asks the hook, and carries the sentence of a refusal", async () => {
    const { client } = await serve();
    expect(await client.hook("web1", "prepare")).toEqual({ kind: "allowed" });
    expect(await client.hook("web2", "prepare")).toEqual({
      kind: "refused",
      sentence: "web2 belongs to h2; start it there",
    });
  });

  it("gives up at its deadline when the agent accepts and does not answer", async () => {
    await foreign(() => {});
    const asked = agentClient({ socketPath, deadlineMs: 50 }).status();
    await expect(asked).rejects.toMatchObject({
      code: "AGENT_UNREACHABLE",
      message: expect.stringContaining("0.05 s"),
    });
  });

  it("tells apart an agent that is not there, one that died, and something else behind the socket", async () => {
    const client = agentClient({ socketPath });
    await expect(client.status()).rejects.toMatchObject({ code: "AGENT_UNREACHABLE", message: /there is no socket/ });
    await foreign((socket) => socket.end("SSH-2.0-OpenSSH\r\n"));
    await expect(client.status()).rejects.toMatchObject({ code: "AGENT_UNREACHABLE" });
  });

  it("carries the agent's refusals with their codes", async () => {
    const { client } = await serve();
    await expect(client.describe("guest", "web9")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(client.explain("web1", "h9")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: 'the fleet has no host "h9"',
    });
    await expect(client.operate({ kind: "release", guest: "" })).rejects.toMatchObject({ code: "OPERATION_INVALID" });
  });

  it("follows events until it stops, and the agent forgets it then", async () => {
    const { client, agent } = await serve();
    const note = { at: "2026-05-17T12:00:00.000Z", level: "info", code: "X", text: "x" } as const;
    agent.say({ ...note, id: 1, guest: "web1" });
    agent.say({ ...note, id: 2 });
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const { id } of client.follow({ guest: "web1" }, stop.signal)) {
      seen.push(id);
      if (id === 1) agent.say({ ...note, id: 3, guest: "web1" });
      else stop.abort();
    }
    expect(seen).toEqual([1, 3]);
    await vi.waitFor(() => expect(agent.listeners).toBe(1));
  });
});

describe("operators' commands", () => {
  it("are in the log with all that was typed", async () => {
    const { client, agent, lines } = await serve();
    await client.operate({ kind: "confirm-dead", host: "h2", operator: "ann" });
    expect(agent.operated).toEqual([{ kind: "confirm-dead", host: "h2", operator: "ann" }]);
    expect(lines.find(({ code }) => code === "OPERATOR_COMMAND")?.fields).toEqual({
      audit: true,
      command: "confirm-dead",
      host: "h2",
      operator: "ann",
    });
  });

  it.each<[string, string]>([
    ["no command at all", ""],
    ["an unknown kind", '{"kind":"destroy-everything"}'],
    ["a field too many", '{"kind":"drain","force":true}'],
    ["a vouching without a name", '{"kind":"confirm-dead","host":"h2","operator":"  "}'],
    ["a name without an end", JSON.stringify({ kind: "claim", guest: "x".repeat(300) })],
    ["a list in place of a text", '{"kind":"claim","guest":["web1"]}'],
    ["eight voters", JSON.stringify({ kind: "change-voters", voters: Array(8).fill({ voter: "v", host: "h" }) })],
    ["no JSON", "{kind:drain}"],
    ["a prototype", '{"__proto__":{"kind":"drain"}}'],
  ])("with %s are refused and reach nobody", async (_what, body) => {
    const { agent } = await serve();
    const { status, text } = await raw("POST", "/v1/operate", body);
    expect({ status, operated: agent.operated }).toEqual({ status: 400, operated: [] });
    expect(JSON.parse(text).error.code).toBe("OPERATION_INVALID");
  });
});

describe("hostile requests", () => {
  it.each<[string, string, number]>([
    ["GET", "/", 404],
    ["GET", "/v1", 404],
    ["GET", "/v1/guests/a/b", 404],
    ["GET", "/v1/../../etc/passwd", 404],
    ["GET", "/v1/constructor", 404],
    ["GET", "/v1/guests/%E0%A4%A", 400],
    ["GET", "/v1/explain", 400],
    ["GET", "/v1/events?since=yesterday", 400],
    ["GET", "/v1/events?since_id=-1", 400],
    ["DELETE", "/v1/guests/web1", 405],
    ["GET", "/v1/operate", 404],
    ["POST", "/v1/status", 404],
  ])("%s %s is answered with %i", async (method, path, status) => {
    await serve();
    expect((await raw(method, path)).status).toBe(status);
  });

  it("that declare a body of 100 MB are refused before it is sent", async () => {
    const { agent } = await serve();
    const answer = await rawBytes("POST /v1/operate HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n{");
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(agent.operated).toEqual([]);
  });

  it("that send a body in chunks without an end are cut off", async () => {
    const { client } = await serve();
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
    await rawBytes(`POST /v1/operate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`);
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("with headers without an end, or that are no HTTP, are cut off", async () => {
    const { client } = await serve();
    expect(await rawBytes(`GET / HTTP/1.1\r\nX: ${"x".repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await rawBytes("\x16\x03\x01 hello\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("that fail inside the agent are an answer and a line in the log, not its end", async () => {
    const agent = shownAgent();
    const broken = { ...agent, reload: () => Promise.reject(new TypeError("the disk is on fire")) };
    const { client, lines } = await serve({ agent: broken });
    await expect(client.reload()).rejects.toMatchObject({ code: "OPERATION_FAILED", message: /disk is on fire/ });
    expect(lines).toContainEqual(expect.objectContaining({ code: "API_FAILED", level: "error" }));
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("that follow events and do not read are cut off", async () => {
    const { agent } = await serve();
    const socket = connect(socketPath, () => socket.write("GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n"));
    socket.on("error", () => {});
    socket.pause();
    onTestFinished(() => void socket.destroy());
    await vi.waitFor(() => expect(agent.listeners).toBe(2));
    const text = "x".repeat(100_000);
    for (let id = 1; id <= 30; id += 1)
      agent.say({ id, at: "2026-05-17T12:00:00.000Z", level: "info", code: "X", text });
    await vi.waitFor(() => expect(agent.listeners).toBe(1));
  });
});

describe("the loopback listener", () => {
  const get = async (address: string, path: string, headers: Record<string, string> = {}, method = "GET") => {
    const [host, port] = address.split(":");
    return await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const asked = request({ host, port, path, headers, method, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      });
      asked.on("error", reject);
      asked.end();
    });
  };

  it("has health, readiness and metrics, and nothing else", async () => {
    const { api } = await serve({ httpListen: "127.0.0.1:0" });
    const address = api.httpAddress ?? "";
    expect(await get(address, "/healthz")).toEqual({ status: 200, text: "ok\n" });
    expect(await get(address, "/readyz")).toEqual({ status: 200, text: "ready\n" });
    expect((await get(address, "/metrics")).text).toContain('berth_claim_held{domain="web1",uuid="5e1d"} 1');
    expect((await get(address, "/v1/status")).status).toBe(404);
    expect((await get(address, "/v1/operate", {}, "POST")).status).toBe(405);
  });

  it("does not answer a page that came in under a name of its own", async () => {
    const { api } = await serve({ httpListen: "127.0.0.1:0" });
    expect((await get(api.httpAddress ?? "", "/metrics", { host: "evil.example" })).status).toBe(403);
    expect((await get(api.httpAddress ?? "", "/metrics", { host: "localhost:7948" })).status).toBe(200);
  });

  it("is not opened on an address that others reach", async () => {
    await expect(serve({ httpListen: "0.0.0.0:0" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(existsSync(socketPath)).toBe(false);
  });

  it("is missed, and said to be, where its port is taken: the agent goes on", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void taken.close());
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const { api, lines, client } = await serve({ httpListen: `127.0.0.1:${port}` });
    expect(api.httpAddress).toBeUndefined();
    expect(lines).toContainEqual(expect.objectContaining({ code: "HTTP_LISTEN", level: "error" }));
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("says what a host lacks that is not ready", async () => {
    const agent = shownAgent(() => oneHost({ hypervisorProblem: "no libvirtd", deadMan: { sign: "silent" } }));
    const { api } = await serve({ agent, httpListen: "127.0.0.1:0" });
    expect(await get(api.httpAddress ?? "", "/readyz")).toEqual({
      status: 503,
      text: "hypervisor: no libvirtd\ndead-man: silent\n",
    });
  });
});

describe("a user who may not", () => {
  it("is told so, whether the file's mode or the agent says it", async () => {
    await foreign((socket) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}"));
    await expect(agentClient({ socketPath }).status()).rejects.toMatchObject({ code: "NOT_AUTHORISED" });
    chmodSync(folder, 0o711);
    chmodSync(socketPath, 0o600);
    expect(await codeOfAnotherUser(socketPath)).toBe("NOT_AUTHORISED");
  });
});

/** Asks as a user without rights: `nobody` where this is root, this very user with its own rights taken away elsewhere. */
async function codeOfAnotherUser(path: string): Promise<string> {
  if (process.getuid?.() !== 0) {
    chmodSync(path, 0o000);
    return await agentClient({ socketPath: path })
      .status()
      .then(
        () => "answered",
        ({ code }) => code,
      );
  }
  const { spawnSync } = await import("node:child_process");
  const client = new URL("../../src/api/client.ts", import.meta.url).href;
  // The code is read first: the folder of the checkout may be closed to others.
  const script = `import(${JSON.stringify(client)}).then(({ agentClient }) => {
    process.setgid(65534);
    process.setuid(65534);
    return agentClient({ socketPath: ${JSON.stringify(path)} }).status();
  }).then(() => console.log("answered"), ({ code }) => console.log(code))`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  return stdout.trim();
}
