import type { MessageStream } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { multiaddrConnectionPair } from "@libp2p/utils";
import { expect, it, vi } from "vitest";
import { createHostKey } from "../../src/peers/host-key.ts";
import { thriftyNoise } from "../../src/peers/thrifty-noise.ts";

type Maker = ReturnType<typeof noise>;

/** What noise asks of libp2p. */
async function components(log: MessageStream["log"]) {
  const { privateKey } = await createHostKey();
  const logger = { forComponent: () => log };
  return { privateKey, logger, upgrader: { getStreamMuxers: () => new Map() } } as unknown as Parameters<Maker>[0];
}

/** Sends messages from one end of an encrypted connection to the other: the pieces that each was sent in, and what threw. */
async function sendOver(sending: Maker, receiving: Maker, messages: readonly Uint8Array[]) {
  const [here, there] = multiaddrConnectionPair();
  const pieces: number[] = [];
  const send = here.send.bind(here);
  here.send = (data) => {
    pieces.push(data instanceof Uint8Array ? 1 : [...data].length);
    return send(data);
  };
  const [outbound, inbound] = await Promise.all([
    sending(await components(here.log)).secureOutbound(here),
    receiving(await components(there.log)).secureInbound(there),
  ]);
  const read: Uint8Array[] = [];
  inbound.connection.addEventListener("message", ({ data }) => read.push(data.subarray().slice()));
  pieces.length = 0;
  let errors = 0;
  const counting: ProxyHandler<RangeErrorConstructor> = {
    apply: (make, _, [text]) => {
      errors += 1;
      return make(String(text));
    },
  };
  vi.stubGlobal("RangeError", new Proxy(RangeError, counting));
  try {
    for (const message of messages) outbound.connection.send(message);
    const bytes = messages.reduce((sum, { length }) => sum + length, 0);
    await vi.waitFor(() => expect(Buffer.concat(read).length).toBe(bytes));
    expect(Buffer.concat(read).equals(Buffer.concat(messages))).toBe(true);
    return { pieces, errors };
  } finally {
    vi.unstubAllGlobals();
    await Promise.all([here.close(), there.close()]);
  }
}

const heartbeats = Array.from({ length: 20 }, (_, index) => new Uint8Array(60).fill(index));

it("a packet is sent in one piece and read without an error", async () => {
  const { pieces, errors } = await sendOver(thriftyNoise(), thriftyNoise(), heartbeats);
  expect(new Set(pieces)).toEqual(new Set([1]));
  expect(errors).toBe(0);
});

it("noise by itself sends its length apart and throws when it has read all, which would double the writes of an idle agent", async () => {
  const { pieces, errors } = await sendOver(noise(), noise(), heartbeats);
  expect(new Set(pieces)).toEqual(new Set([2]));
  expect(errors).toBeGreaterThan(0);
});

it("either understands the other, with messages of many packets too", async () => {
  const messages = [...heartbeats, new Uint8Array(200_000).fill(7), new Uint8Array(65_519), new Uint8Array(1)];
  await sendOver(thriftyNoise(), noise(), messages);
  await sendOver(noise(), thriftyNoise(), messages);
});
