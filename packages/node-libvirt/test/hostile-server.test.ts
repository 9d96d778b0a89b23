import { getEventListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { text } from "../src/codec.ts";
import { domainLifecycle, domainProcedures } from "../src/domain.ts";
import { hostProcedures } from "../src/host.ts";
import { connect, LibvirtError } from "../src/index.ts";
import {
  eventFrame,
  type Peer,
  type ReceivedCall,
  replyFrame,
  type Script,
  ScriptedServer,
} from "./scripted-server.ts";

const hostname = hostProcedures.hostname;
const uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";
const domain = { name: "web1", uuid, id: 7 };

/** What the call for the host's name ends with when the server answers it like this. */
async function outcomeOf(answer: Script): Promise<{ value: string } | { code: string; message: string }> {
  await using server = await ScriptedServer.start(answer);
  await using connection = await connect(server.uri, { deadlineMs: 2_000 });
  // `return` alone would close the connection before the answer.
  return await connection.host.hostname().then(
    (value) => ({ value }),
    (error: unknown) => {
      expect(error).toBeInstanceOf(LibvirtError);
      const { code, message } = error as LibvirtError;
      return { code, message };
    },
  );
}

function good(call: ReceivedCall): Buffer {
  return replyFrame(call.header, hostname.result, "h1");
}

/** The good reply with one of its 32-bit words replaced. */
function spoilt(call: ReceivedCall, offset: number, word: number): Buffer {
  const frame = good(call);
  frame.writeUInt32BE(word, offset);
  return frame;
}

describe("a reply that is not what was asked for", () => {
  const cases: readonly [
    title: string,
    answer: (call: ReceivedCall, peer: Peer) => void,
    code: string,
    message: RegExp,
  ][] = [
    [
      "a frame shorter than a header",
      (call, peer) => peer.socket.write(spoilt(call, 0, 27)),
      "PROTOCOL",
      /claims 27 bytes/,
    ],
    [
      "a frame longer than 32 MiB",
      (call, peer) => peer.socket.write(spoilt(call, 0, 0x7fff_ffff)),
      "PROTOCOL",
      /2147483647/,
    ],
    [
      "a program nobody knows",
      (call, peer) => peer.socket.write(spoilt(call, 4, 0x20008087)),
      "PROTOCOL",
      /0x20008087/,
    ],
    ["a version from the future", (call, peer) => peer.socket.write(spoilt(call, 8, 2)), "PROTOCOL", /version 2/],
    ["another procedure", (call, peer) => peer.socket.write(spoilt(call, 12, 7)), "PROTOCOL", /another procedure, 7/],
    ["a stream nobody opened", (call, peer) => peer.socket.write(spoilt(call, 16, 3)), "PROTOCOL", /type 3/],
    ["a serial nobody waits for", (call, peer) => peer.socket.write(spoilt(call, 20, 4711)), "PROTOCOL", /call 4711/],
    ["an unknown status", (call, peer) => peer.socket.write(spoilt(call, 24, 9)), "PROTOCOL", /status 9/],
    ["a keepalive that does not exist", (_, peer) => peer.keepAlive(3), "PROTOCOL", /keepalive message 3/],
    [
      "a text longer than the frame",
      (call, peer) => peer.socket.write(spoilt(call, 28, 100)),
      "DECODE",
      /100 bytes are needed/,
    ],
    [
      "a text longer than 4 MiB",
      (call, peer) => peer.socket.write(spoilt(call, 28, 0xffff_ffff)),
      "DECODE",
      /more than/,
    ],
    [
      "a text shorter than the frame",
      (call, peer) => peer.socket.write(lengthened(call)),
      "DECODE",
      /4 bytes are left over/,
    ],
    [
      "half a frame and then the end",
      (call, peer) => peer.socket.end(good(call).subarray(0, 30)),
      "CONNECTION_LOST",
      /middle of a frame/,
    ],
    ["nothing but the end", (_, peer) => peer.socket.end(), "CONNECTION_LOST", /closed the connection$/],
    [
      "an error that cannot be read",
      (call, peer) => peer.socket.write(spoilt(call, 24, 1)),
      "DECODE",
      /cannot be read/,
    ],
  ];
  it.each(cases)("is refused when it is %s", async (_title, answer, code, message) => {
    const outcome = await outcomeOf(answer);
    expect(outcome).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(outcome).toMatchObject({ message: expect.stringContaining("CONNECT_GET_HOSTNAME") });
  });

  function lengthened(call: ReceivedCall): Buffer {
    const frame = Buffer.concat([good(call), Buffer.alloc(4)]);
    frame.writeUInt32BE(frame.length, 0);
    return frame;
  }

  it("ends the connection when it comes twice, for nothing after it can be trusted", async () => {
    await using server = await ScriptedServer.start((call, peer) =>
      peer.socket.write(Buffer.concat([good(call), good(call)])),
    );
    await using connection = await connect(server.uri);
    await expect(connection.host.hostname()).resolves.toBe("h1");
    await expect(connection.closed).resolves.toMatchObject({ code: "PROTOCOL" });
    await expect(connection.host.hostname()).rejects.toMatchObject({ code: "PROTOCOL", sent: false });
  });

  it("leaves the connection usable when only its content was unreadable", async () => {
    let spoil = true;
    await using server = await ScriptedServer.start((call, peer) => {
      peer.socket.write(spoil ? spoilt(call, 28, 100) : good(call));
      spoil = false;
    });
    await using connection = await connect(server.uri);
    await expect(connection.host.hostname()).rejects.toMatchObject({ code: "DECODE", sent: true });
    await expect(connection.host.hostname()).resolves.toBe("h1");
  });
});

describe("the byte stream", () => {
  it("is put together again when it drips byte by byte", async () => {
    const outcome = await outcomeOf(async (call, peer) => {
      peer.socket.setNoDelay(true);
      for (const byte of good(call)) {
        peer.socket.write(Buffer.of(byte));
        await turn();
      }
    });
    expect(outcome).toEqual({ value: "h1" });
  });

  it("may hold several replies and events in one piece, in any order of the calls", async () => {
    const held: ReceivedCall[] = [];
    await using server = await ScriptedServer.start((call, peer) => {
      held.push(call);
      if (held.length < 3) return;
      const pieces = held.toReversed().map(({ header }) => replyFrame(header, text, `call ${header.serial}`));
      const noise = eventFrame(domainLifecycle.number, domainLifecycle.message, {
        callbackId: 1,
        domain,
        event: 2,
        detail: 0,
      });
      peer.socket.write(Buffer.concat([noise, ...pieces, noise]));
    });
    await using connection = await connect(server.uri);
    const names = await Promise.all([1, 2, 3].map(() => connection.host.hostname()));
    expect(names).toEqual(held.map(({ header }) => `call ${header.serial}`));
  });
});

describe("an error of libvirt's", () => {
  it("keeps its number, domain, level and text, and has libvirt's own name as code", async () => {
    await using server = await ScriptedServer.start((call, peer) => {
      peer.refuse(call, { code: 42, domain: 10, message: "Domain not found: no domain with matching name 'web1'" });
    });
    await using connection = await connect(server.uri);
    const error = await connection.domains.lookupByName("web1").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({
      code: "VIR_ERR_NO_DOMAIN",
      libvirt: { code: 42, domain: 10, level: 2 },
      message: "Domain not found: no domain with matching name 'web1'",
      procedure: "DOMAIN_LOOKUP_BY_NAME",
      sent: true,
    });
  });

  it("is told apart by its number when this client does not know its name, and may have no text", async () => {
    await using server = await ScriptedServer.start((call, peer) =>
      peer.refuse(call, { code: 4711, domain: 0, message: null }),
    );
    await using connection = await connect(server.uri);
    await expect(connection.host.uri()).rejects.toMatchObject({
      code: "VIR_ERR_4711",
      message: "libvirt gave no reason",
    });
  });
});

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
