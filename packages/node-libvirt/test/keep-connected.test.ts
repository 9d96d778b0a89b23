import { describe, expect, it, vi } from "vitest";
import { hostProcedures } from "../src/host.ts";
import { type Connection, keepConnected, type LibvirtError } from "../src/index.ts";
import { type Script, ScriptedServer } from "./scripted-server.ts";

const answer: Script = (call, peer) => peer.reply(call, hostProcedures.hostname.result, "h1");
const quick = { delayMinimumMs: 1, delayMaximumMs: 4, random: () => 1 };

describe("a kept connection", () => {
  it("is there once the daemon is, and comes back when the daemon has restarted", async () => {
    await using server = await ScriptedServer.start(answer);
    await server.close();
    const connected: Connection[] = [];
    await using keeper = keepConnected(server.uri, {
      ...quick,
      onConnected: (connection) => connected.push(connection),
    });
    expect(keeper.current).toBeUndefined();
    const waiting = keeper.connection();
    await server.listen();
    const first = await waiting;
    await expect(first.host.hostname()).resolves.toBe("h1");
    expect(await keeper.connection()).toBe(first);

    await server.close();
    await expect(first.closed).resolves.toMatchObject({ code: "CONNECTION_LOST" });
    await server.listen();
    await vi.waitFor(() => expect(connected).toHaveLength(2));
    await expect((await keeper.connection()).host.hostname()).resolves.toBe("h1");
    expect(keeper.current).toBe(connected[1]);
  });

  it("repeats no call: one that was out when the daemon stopped fails, and its caller decides", async () => {
    await using server = await ScriptedServer.start(() => {});
    await using keeper = keepConnected(server.uri, quick);
    const call = (await keeper.connection()).host.hostname();
    const outcome = expect(call).rejects.toMatchObject({ code: "CONNECTION_LOST", sent: true });
    await vi.waitFor(() => expect(server.peer.calls).toHaveLength(1));
    await server.close();
    await outcome;
    await server.listen();
    await vi.waitFor(() => expect(server.peers).toHaveLength(2));
    expect(server.peer.calls).toEqual([]);
  });

  it("waits twice as long after each failure, up to the maximum, and less when the dice say so", async () => {
    await using server = await ScriptedServer.start(answer);
    await server.close();
    const waits = async (random: () => number) => {
      const seen: number[] = [];
      const errors: LibvirtError[] = [];
      await using keeper = keepConnected(server.uri, {
        delayMinimumMs: 2,
        delayMaximumMs: 16,
        random,
        onLost: (error, retryInMs) => {
          seen.push(retryInMs);
          errors.push(error);
        },
      });
      await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(6));
      expect(keeper.current).toBeUndefined();
      expect(errors[0]).toMatchObject({ code: "CONNECT_FAILED" });
      return seen.slice(0, 6);
    };
    expect(await waits(() => 1)).toEqual([2, 4, 8, 16, 16, 16]);
    expect(await waits(() => 0)).toEqual([1, 2, 4, 8, 8, 8]);
  });

  it("also waits longer when each connection succeeds and dies at once", async () => {
    const seen: number[] = [];
    await using server = await ScriptedServer.start(answer);
    await using _keeper = keepConnected(server.uri, {
      ...quick,
      delayMaximumMs: 1_000,
      onConnected: () => server.peer.socket.destroy(),
      onLost: (_error, retryInMs) => seen.push(retryInMs),
    });
    await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(4));
    expect(seen.slice(0, 4)).toEqual([1, 2, 4, 8]);
  });

  it("comes back also when its user closes the connection itself", async () => {
    await using server = await ScriptedServer.start(answer);
    await using keeper = keepConnected(server.uri, quick);
    const first = await keeper.connection();
    await first.close();
    await vi.waitFor(() => expect(keeper.current).toBeDefined());
    expect(keeper.current).not.toBe(first);
  });

  it("ends with close, and lets nobody wait for ever", async () => {
    await using server = await ScriptedServer.start(answer);
    await server.close();
    const keeper = keepConnected(server.uri, quick);
    const waiting = expect(keeper.connection()).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    await expect(keeper.connection({ deadlineMs: 5 })).rejects.toMatchObject({ code: "DEADLINE" });
    await expect(keeper.connection({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    await keeper.close();
    await waiting;
    await expect(keeper.connection()).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  });

  it("ends an open connection with close", async () => {
    await using server = await ScriptedServer.start(answer);
    const keeper = keepConnected(server.uri, quick);
    const connection = await keeper.connection();
    await keeper.close();
    await expect(connection.closed).resolves.toBeUndefined();
    expect(keeper.current).toBeUndefined();
    expect(server.peers).toHaveLength(1);
  });

  it("is refused at once for a URI that can never work", () => {
    expect(() => keepConnected("qemu+ssh://h1/system")).toThrow(expect.objectContaining({ code: "INVALID_URI" }));
  });
});
