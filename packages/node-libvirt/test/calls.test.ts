import { getEventListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { text } from "../src/codec.ts";
import { domainProcedures } from "../src/domain.ts";
import { connect, type LibvirtError } from "../src/index.ts";
import { goodReply as good, type ReceivedCall, ScriptedServer } from "./scripted-server.ts";

const domain = { name: "web1", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 7 };

describe("a server that does not answer", () => {
  it("costs a call its deadline, and the error says whether the call had been sent", async () => {
    await using server = await ScriptedServer.start(() => {});
    await using connection = await connect(server.uri);
    const stuck = Array.from({ length: 5 }, () =>
      connection.host.hostname({ deadlineMs: 50 }).catch((error: unknown) => error),
    );
    const errors = await Promise.all(stuck);
    for (const error of errors) expect(error).toMatchObject({ code: "DEADLINE", procedure: "CONNECT_GET_HOSTNAME" });
    expect(errors.map((error) => (error as LibvirtError).sent)).toEqual([true, true, true, true, false]);
  });

  it("never gets more than four calls at once, also when their callers have given up", async () => {
    await using server = await ScriptedServer.start(() => {});
    await using connection = await connect(server.uri);
    const given = Array.from({ length: 6 }, () => connection.host.hostname({ deadlineMs: 20 }).catch(() => "gave up"));
    await Promise.all(given);
    const late = connection.host.hostname();
    expect(server.peer.calls).toHaveLength(4);
    for (const call of server.peer.calls.slice(0, 4)) server.peer.socket.write(good(call));
    await vi.waitFor(() => expect(server.peer.calls).toHaveLength(5));
    server.peer.socket.write(good(server.peer.calls[4] as ReceivedCall));
    await expect(late).resolves.toBe("h1");
  });

  it("gets the calls that waited in the order in which they were made", async () => {
    let out = 0;
    let outMaximum = 0;
    await using server = await ScriptedServer.start(async (call, peer) => {
      out++;
      outMaximum = Math.max(outMaximum, out);
      await turn();
      out--;
      peer.reply(call, domainProcedures.lookupByName.result, { ...domain, name: text.decode(call.payload) });
    });
    await using connection = await connect(server.uri);
    const names = Array.from({ length: 100 }, (_, index) => `g${index}`);
    const found = await Promise.all(names.map((name) => connection.domains.lookupByName(name)));
    expect(found.map(({ name }) => name)).toEqual(names);
    expect(outMaximum).toBe(4);
  });

  it("lets a caller abort, before and after the call was sent", async () => {
    await using server = await ScriptedServer.start(() => {});
    await using connection = await connect(server.uri);
    await expect(connection.host.hostname({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
      sent: false,
    });
    const abort = new AbortController();
    const call = connection.host.hostname({ signal: abort.signal });
    await vi.waitFor(() => expect(server.peer.calls).toHaveLength(1));
    abort.abort(new Error("enough"));
    await expect(call).rejects.toMatchObject({ code: "ABORTED", sent: true, cause: new Error("enough") });
    expect(server.peer.calls).toHaveLength(1);
  });

  it("leaves nothing behind on the caller's signal once it has answered", async () => {
    await using server = await ScriptedServer.start((call, peer) => peer.socket.write(good(call)));
    await using connection = await connect(server.uri);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => connection.host.hostname({ signal })));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("is given up when it does not answer pings either", async () => {
    await using server = await ScriptedServer.start(() => {});
    await using connection = await connect(server.uri, { keepAlive: { intervalMs: 10, count: 3 } });
    await expect(connection.host.hostname()).rejects.toMatchObject({ code: "KEEPALIVE_TIMEOUT" });
    expect(server.peer.keepAlives.map(({ procedure }) => procedure)).toEqual([1, 1, 1]);
    await expect(connection.closed).resolves.toMatchObject({ code: "KEEPALIVE_TIMEOUT" });
  });

  it("is not pinged when it does not know keepalive", async () => {
    await using server = await ScriptedServer.start(() => {}, { keepAlive: false });
    await using connection = await connect(server.uri, { keepAlive: { intervalMs: 1, count: 1 } });
    await expect(connection.host.hostname({ deadlineMs: 50 })).rejects.toMatchObject({ code: "DEADLINE" });
    expect(server.peer.keepAlives).toEqual([]);
  });
});

describe("keepalive", () => {
  it("is answered at once", async () => {
    await using server = await ScriptedServer.start(() => {});
    await using _connection = await connect(server.uri, { keepAlive: false });
    server.peer.keepAlive(1);
    await vi.waitFor(() => expect(server.peer.keepAlives.map(({ procedure }) => procedure)).toEqual([2]));
  });

  it("does not pile up answers for a daemon which pings without reading them", async () => {
    await using server = await ScriptedServer.start((call, peer) => peer.socket.write(good(call)));
    await using connection = await connect(server.uri, { keepAlive: false });
    const { peer } = server;
    peer.keepAlive(1);
    await vi.waitFor(() => expect(peer.keepAlives).toHaveLength(1));
    peer.socket.pause();
    const pings = 100_000;
    for (let sent = 0; sent < pings; sent++) peer.keepAlive(1);
    await vi.waitFor(() => expect(peer.socket.writableLength).toBe(0), { timeout: 10_000 });
    peer.socket.resume();
    await expect(connection.host.hostname()).resolves.toBe("h1");
    expect(peer.keepAlives.length).toBeGreaterThan(1);
    expect(peer.keepAlives.length).toBeLessThan(pings / 2);
  });

  it("keeps a connection on which nothing else is said", async () => {
    await using server = await ScriptedServer.start((call, peer) => peer.socket.write(good(call)), {
      answerPings: true,
    });
    await using connection = await connect(server.uri, { keepAlive: { intervalMs: 5, count: 1 } });
    await vi.waitFor(() => expect(server.peer.keepAlives.length).toBeGreaterThan(5));
    await expect(connection.host.hostname()).resolves.toBe("h1");
  });
});
