import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { text } from "../src/codec.ts";
import { domainLifecycle } from "../src/domain.ts";
import { connect, LibvirtError } from "../src/index.ts";
import {
  eventFrame,
  goodReply as good,
  type Peer,
  type ReceivedCall,
  replyFrame,
  type Script,
  ScriptedServer,
} from "./scripted-server.ts";

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
