/** The local API over a real socket: who is answered, what a client gets, and what operators may do. */
import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { agentClient } from "../../src/api/client.ts";
import { ApiGround } from "./api-ground.ts";
import { oneHost, shownAgent } from "./shown-agent.ts";

let ground: ApiGround;
beforeEach(() => {
  ground = new ApiGround();
});

describe("the socket", () => {
  it("is for its owner and group, and gone after the end", async () => {
    const { api } = await ground.serve();
    expect(statSync(ground.socketPath).mode & 0o777).toBe(0o660);
    await api.close();
    expect(existsSync(ground.socketPath)).toBe(false);
  });

  it("that a dead agent left behind is replaced", async () => {
    const dead = createServer().listen(ground.socketPath);
    await expect.poll(() => existsSync(ground.socketPath)).toBe(true);
    // The file stays, as after a power cut, while nobody listens any more.
    const kept = join(ground.folder, "kept");
    const { linkSync, renameSync } = await import("node:fs");
    linkSync(ground.socketPath, kept);
    await new Promise((resolve) => dead.close(resolve));
    renameSync(kept, ground.socketPath);
    const { client } = await ground.serve();
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("at which another agent answers is refused, and that agent goes on", async () => {
    const { client } = await ground.serve();
    await expect(ground.serve()).rejects.toMatchObject({ code: "STATE_FILE_LOCKED" });
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("is not put in place of another file", async () => {
    writeFileSync(ground.socketPath, "precious");
    await expect(ground.serve()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(statSync(ground.socketPath).size).toBe(8);
  });

  it("with a path that the kernel cannot take is refused in words", async () => {
    ground.socketPath = join(ground.folder, "x".repeat(120));
    await expect(ground.serve()).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("107 bytes"),
    });
  });

  it("stays with its owner when the group is unknown, and the log says so", async () => {
    const { lines } = await ground.serve({ socketGroup: "no-such-group" });
    expect(lines).toContainEqual(expect.objectContaining({ code: "SOCKET_GROUP", level: "warn" }));
    expect(statSync(ground.socketPath).gid).toBe(process.getgid?.());
  });
});

describe("the client", () => {
  it("gets the whole snapshot back as it was, passwords hidden", async () => {
    const facts = new Map([["h2", { ageMs: 5, what: { degraded: ["x"] } }]]) as unknown as ReturnType<
      typeof oneHost
    >["facts"];
    const secret = oneHost({ facts, hypervisorProblem: `<graphics passwd='hunter2' port="1"/>` });
    const { client } = await ground.serve({ agent: shownAgent(() => secret) });
    const { hypervisorProblem, ...rest } = await client.snapshot();
    const { hypervisorProblem: _, ...expected } = secret;
    expect(rest).toEqual(expected);
    expect(hypervisorProblem).toBe(`<graphics passwd='***' port="1"/>`);
  });

  it("asks the hook, and carries the sentence of a refusal", async () => {
    const { client } = await ground.serve();
    expect(await client.hook("web1", "prepare")).toEqual({ kind: "allowed" });
    expect(await client.hook("web2", "prepare")).toEqual({
      kind: "refused",
      sentence: "web2 belongs to h2; start it there",
    });
  });

  it("gives up at its deadline when the agent accepts and does not answer", async () => {
    await ground.foreign(() => {});
    const asked = agentClient({ socketPath: ground.socketPath, deadlineMs: 50 }).status();
    await expect(asked).rejects.toMatchObject({
      code: "AGENT_UNREACHABLE",
      message: expect.stringContaining("0.05 s"),
    });
  });

  it("tells apart an agent that is not there, one that died, and something else behind the socket", async () => {
    const client = agentClient({ socketPath: ground.socketPath });
    await expect(client.status()).rejects.toMatchObject({ code: "AGENT_UNREACHABLE", message: /there is no socket/ });
    await ground.foreign((socket) => socket.end("SSH-2.0-OpenSSH\r\n"));
    await expect(client.status()).rejects.toMatchObject({ code: "AGENT_UNREACHABLE" });
  });

  it("carries the agent's refusals with their codes", async () => {
    const { client } = await ground.serve();
    await expect(client.describe("guest", "web9")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(client.explain("web1", "h9")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: 'the fleet has no host "h9"',
    });
    await expect(client.operate({ kind: "release", guest: "" })).rejects.toMatchObject({ code: "OPERATION_INVALID" });
  });

  it("that follows is given the whole journal first, although that is more than what may wait for a reader", async () => {
    const agent = shownAgent();
    const at = "2026-05-17T12:00:00.000Z";
    for (let id = 1; id <= 10_000; id += 1)
      agent.say({ id, life: 1, at, level: "info", code: "X", text: "x".repeat(300) });
    const { client } = await ground.serve({ agent });
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const { id } of client.follow({}, stop.signal)) {
      seen.push(id);
      if (id === 5_000) agent.say({ id: 10_001, life: 1, at, level: "info", code: "X", text: "meanwhile" });
      if (id === 10_001) stop.abort();
    }
    expect(seen).toEqual(Array.from({ length: 10_001 }, (_, index) => index + 1));
  });

  it("follows events until it stops, and the agent forgets it then", async () => {
    const { client, agent } = await ground.serve();
    const note = { life: 1, at: "2026-05-17T12:00:00.000Z", level: "info", code: "X", text: "x" } as const;
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
    await expect.poll(() => agent.listeners).toBe(1);
  });
});

describe("operators' commands", () => {
  it("are in the log with all that was typed", async () => {
    const { client, agent, lines } = await ground.serve();
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
    const { agent } = await ground.serve();
    const { status, text } = await ground.raw("POST", "/v1/operate", body);
    expect({ status, operated: agent.operated }).toEqual({ status: 400, operated: [] });
    expect(JSON.parse(text).error.code).toBe("OPERATION_INVALID");
  });
});

describe("a user who may not", () => {
  it("is told so, whether the file's mode or the agent says it", async () => {
    await ground.foreign((socket) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}"));
    await expect(agentClient({ socketPath: ground.socketPath }).status()).rejects.toMatchObject({
      code: "NOT_AUTHORISED",
    });
    chmodSync(ground.folder, 0o711);
    chmodSync(ground.socketPath, 0o600);
    expect(await codeOfAnotherUser(ground.socketPath)).toBe("NOT_AUTHORISED");
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
