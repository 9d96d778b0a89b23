import { describe, expect, it, vi } from "vitest";
import { text } from "../src/codec.ts";
import { domainLifecycle } from "../src/domain.ts";
import { connect } from "../src/index.ts";
import { eventFrame, goodReply as good, hostname, replyFrame, ScriptedServer } from "./scripted-server.ts";

const domain = { name: "web1", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 7 };

describe("events", () => {
  const register = domainLifecycle.register;
  const started = { callbackId: 5, domain, event: 2, detail: 0 };

  it("reach their listener also when they come before the answer to the registration", async () => {
    await using server = await ScriptedServer.start((call, peer) => {
      const event = eventFrame(domainLifecycle.number, domainLifecycle.message, started);
      peer.socket.write(Buffer.concat([event, replyFrame(call.header, register.result, 5), event]));
    });
    await using connection = await connect(server.uri);
    const seen: unknown[] = [];
    await connection.domains.onLifecycle((event) => seen.push(event));
    await vi.waitFor(() => expect(seen).toHaveLength(2));
    expect(seen[0]).toEqual({ domain, event: "started", detail: "booted" });
  });

  it("without a subscriber are dropped, and so are those of a subscription that ended", async () => {
    await using server = await ScriptedServer.start((call, peer) => {
      if (call.header.procedure === register.number) peer.reply(call, register.result, 5);
      else if (call.header.procedure === hostname.number) peer.socket.write(good(call));
      else peer.reply(call, domainLifecycle.deregister.result, undefined);
    });
    await using connection = await connect(server.uri);
    const seen: unknown[] = [];
    const subscription = await connection.domains.onLifecycle((event) => seen.push(event));
    server.peer.event(domainLifecycle.number, domainLifecycle.message, { ...started, callbackId: 6 });
    server.peer.event(999, text, "an event of the future");
    await subscription.unsubscribe();
    await subscription.unsubscribe();
    server.peer.event(domainLifecycle.number, domainLifecycle.message, started);
    await expect(connection.host.hostname()).resolves.toBe("h1");
    expect(seen).toEqual([]);
    expect(
      server.peer.calls.filter(({ header }) => header.procedure === domainLifecycle.deregister.number),
    ).toHaveLength(1);
  });

  it("newer than this client have the name unknown", async () => {
    await using server = await ScriptedServer.start((call, peer) => peer.reply(call, register.result, 5));
    await using connection = await connect(server.uri);
    const seen: unknown[] = [];
    await connection.domains.onLifecycle((event) => seen.push(event));
    server.peer.event(domainLifecycle.number, domainLifecycle.message, { ...started, event: 99 });
    server.peer.event(domainLifecycle.number, domainLifecycle.message, { ...started, detail: 99 });
    await vi.waitFor(() => expect(seen).toHaveLength(2));
    expect(seen).toEqual([
      { domain, event: "unknown", detail: "unknown" },
      { domain, event: "started", detail: "unknown" },
    ]);
  });

  it("that cannot be read end the connection: their listener must know that it missed something", async () => {
    await using server = await ScriptedServer.start((call, peer) => peer.reply(call, register.result, 5));
    await using connection = await connect(server.uri);
    await connection.domains.onLifecycle(() => {});
    server.peer.event(domainLifecycle.number, text, "no event at all");
    await expect(connection.closed).resolves.toMatchObject({ code: "DECODE" });
  });
});
