/** That nothing a caller sends to the local API costs much or ends the agent. */
import { connect } from "node:net";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ApiGround } from "./api-ground.ts";
import { shownAgent } from "./shown-agent.ts";

let ground: ApiGround;
beforeEach(() => {
  ground = new ApiGround();
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
    await ground.serve();
    expect((await ground.raw(method, path)).status).toBe(status);
  });

  it("that hand in a member list which its own file could not hold are refused: the agent would not start again with it", async () => {
    const { agent } = await ground.serve();
    const taken: unknown[] = [];
    Object.assign(agent, { adoptMembers: (document: unknown) => taken.push(document) });
    const key = Buffer.alloc(32).toString("base64");
    const whole = { fleet: "shop", number: 2, fleetKey: key, rotations: [], members: [] };
    const document = { ...whole, signature: Buffer.alloc(64).toString("base64") };
    for (const more of [{ note: "x" }, { signature: "short" }, { number: -1 }])
      expect((await ground.raw("POST", "/v1/members", JSON.stringify({ ...document, ...more }))).status).toBe(400);
    expect(taken).toEqual([]);
    expect((await ground.raw("POST", "/v1/members", JSON.stringify(document))).status).toBe(200);
    expect(taken).toEqual([document]);
  });

  it("that declare a body of 100 MB are refused before it is sent", async () => {
    const { agent } = await ground.serve();
    const answer = await ground.rawBytes("POST /v1/operate HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n{");
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(agent.operated).toEqual([]);
  });

  it("that send a body in chunks without an end are cut off", async () => {
    const { client } = await ground.serve();
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
    await ground.rawBytes(
      `POST /v1/operate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`,
    );
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("with headers without an end, or that are no HTTP, are cut off", async () => {
    const { client } = await ground.serve();
    expect(await ground.rawBytes(`GET / HTTP/1.1\r\nX: ${"x".repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await ground.rawBytes("\x16\x03\x01 hello\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("that fail inside the agent are an answer and a line in the log, not its end", async () => {
    const agent = shownAgent();
    const broken = { ...agent, reload: () => Promise.reject(new TypeError("the disk is on fire")) };
    const { client, lines } = await ground.serve({ agent: broken });
    await expect(client.reload()).rejects.toMatchObject({ code: "OPERATION_FAILED", message: /disk is on fire/ });
    expect(lines).toContainEqual(expect.objectContaining({ code: "API_FAILED", level: "error" }));
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("that follow events and do not read are cut off", async () => {
    const { agent } = await ground.serve();
    const socket = connect(ground.socketPath, () =>
      socket.write("GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    );
    socket.on("error", () => {});
    socket.pause();
    onTestFinished(() => void socket.destroy());
    await expect.poll(() => agent.listeners).toBe(2);
    const text = "x".repeat(100_000);
    for (let id = 1; id <= 30; id += 1)
      agent.say({ id, life: 1, at: "2026-05-17T12:00:00.000Z", level: "info", code: "X", text });
    await expect.poll(() => agent.listeners).toBe(1);
  });
});
