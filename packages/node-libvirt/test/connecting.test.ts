import { describe, expect, it } from "vitest";
import { connect, type LibvirtError } from "../src/index.ts";
import { goodReply as good, ScriptedServer } from "./scripted-server.ts";

const domain = { name: "web1", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 7 };

describe("connecting", () => {
  it.each([
    [[2], "polkit"],
    [[1, 2], "sasl or polkit"],
    [[77], "type 77"],
    [[], "nothing it names"],
  ])("is refused when the daemon offers only %j, and says what to do", async (authTypes, named) => {
    await using server = await ScriptedServer.start(() => {}, { authTypes });
    await expect(connect(server.uri)).rejects.toMatchObject({
      code: "AUTH_UNSUPPORTED",
      message: expect.stringMatching(new RegExp(`authentication by ${named}, .*run as root`)),
    });
  });

  it("tells why there is no daemon to speak to", async () => {
    await using server = await ScriptedServer.start(() => {});
    await server.close();
    await expect(connect(server.uri)).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining(server.socketPath),
    });
  });

  it("takes no longer than its deadline, in all", async () => {
    await using server = await ScriptedServer.start(() => {}, { silent: true });
    const attempt = connect(server.uri, { deadlineMs: 30 });
    await expect(attempt).rejects.toMatchObject({ code: "DEADLINE", procedure: "AUTH_LIST" });
  });

  it("can be aborted", async () => {
    await using server = await ScriptedServer.start(() => {});
    await expect(connect(server.uri, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("carries the URI to the daemon, and whether only reading is wanted", async () => {
    await using server = await ScriptedServer.start((call, peer) => peer.socket.write(good(call)));
    await using connection = await connect(server.uri, { readOnly: true });
    expect(connection.socketPath).toBe(server.socketPath);
    await connection.close();
    await expect(connection.closed).resolves.toBeUndefined();
    await expect(connection.host.hostname()).rejects.toMatchObject({ code: "CONNECTION_CLOSED", sent: false });
  });

  it("rejects the calls that are out when it is closed, and says that their effect is unknown", async () => {
    await using server = await ScriptedServer.start(() => {});
    const connection = await connect(server.uri);
    const calls = Array.from({ length: 5 }, () => connection.host.hostname().catch((error: unknown) => error));
    await connection.close();
    const errors = (await Promise.all(calls)) as LibvirtError[];
    expect(errors.map(({ code }) => code)).toEqual(Array(5).fill("CONNECTION_CLOSED"));
    expect(errors.map(({ sent }) => sent)).toEqual([true, true, true, true, false]);
  });
});

describe("misuse", () => {
  it("is a TypeError, and nothing is sent", async () => {
    await using server = await ScriptedServer.start(() => {});
    await using connection = await connect(server.uri);
    // @ts-expect-error there is no such flag
    await expect(connection.domains.create(domain, { pause: true })).rejects.toThrow(/no flag pause; known are paused/);
    await expect(connection.domains.setVcpus(domain, -1)).rejects.toThrow(TypeError);
    await expect(connection.domains.lookupByName("web\0evil")).rejects.toThrow(TypeError);
    await expect(connection.domains.lookupByUuid("nonsense")).rejects.toThrow(TypeError);
    expect(server.peer.calls).toEqual([]);
  });

  it("of size is an error with a code: XML longer than libvirt takes", async () => {
    await using server = await ScriptedServer.start(() => {});
    await using connection = await connect(server.uri);
    await expect(connection.domains.define("x".repeat((4 << 20) + 1))).rejects.toMatchObject({ code: "ENCODE" });
  });
});
