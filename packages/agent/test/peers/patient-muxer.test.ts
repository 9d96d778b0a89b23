import { multiaddrConnectionPair } from "@libp2p/utils";
import { yamux } from "@libp2p/yamux";
import { expect, it, onTestFinished } from "vitest";
import { patientYamux } from "../../src/peers/patient-muxer.ts";

/** Opens a stream on a connection that ends in the same turn, and returns what was thrown where nobody can catch it. */
async function openAndEnd(make: ReturnType<typeof yamux>): Promise<string[]> {
  const uncaught: string[] = [];
  const before = process.rawListeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => uncaught.push(error.name));
  onTestFinished(() => {
    process.removeAllListeners("uncaughtException");
    for (const listener of before) process.on("uncaughtException", listener as NodeJS.UncaughtExceptionListener);
  });
  const [outbound] = multiaddrConnectionPair();
  const muxer = make().createStreamMuxer(outbound);
  const opened = Promise.resolve(muxer.createStream()).catch(() => undefined);
  const closed = outbound.close();
  await Promise.all([opened, closed]);
  // What microtasks throw comes before the next turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  return uncaught;
}

it("a connection that ends while a stream is opened throws nothing into the void", async () => {
  expect(await openAndEnd(patientYamux())).toEqual([]);
});

it("yamux by itself does, which would end the agent", async () => {
  expect(await openAndEnd(yamux())).toEqual(["StreamStateError"]);
});

/** Sends messages of these sizes over one stream; returns the bytes that arrived and the packets that came back meanwhile. */
async function sendOver(make: ReturnType<typeof yamux>, sizes: readonly number[]) {
  const [here, there] = multiaddrConnectionPair();
  const sender = make().createStreamMuxer(here);
  const receiver = make().createStreamMuxer(there);
  const counted = { arrived: 0, answers: 0 };
  receiver.addEventListener("stream", ({ detail }) => {
    detail.addEventListener("message", ({ data }) => {
      counted.arrived += data.byteLength;
    });
  });
  const stream = await sender.createStream();
  stream.send(new Uint8Array(1));
  await expect.poll(() => counted.arrived).toBe(1);
  here.addEventListener("message", () => {
    counted.answers += 1;
  });
  for (const size of sizes) if (!stream.send(new Uint8Array(size))) await stream.onDrain();
  const all = 1 + sizes.reduce((sum, size) => sum + size, 0);
  await expect.poll(() => counted.arrived).toBe(all);
  await Promise.all([here.close(), there.close()]);
  return counted;
}

it("small frames are not answered by window updates", async () => {
  const heartbeats = Array.from({ length: 50 }, () => 60);
  expect((await sendOver(patientYamux({ enableKeepAlive: false }), heartbeats)).answers).toBe(0);
});

it("yamux by itself answers them, which would double the packets between idle agents", async () => {
  const heartbeats = Array.from({ length: 50 }, () => 60);
  expect((await sendOver(yamux({ enableKeepAlive: false }), heartbeats)).answers).toBeGreaterThan(5);
});

it("many times a window goes through, as the window is given back in time", async () => {
  const sizes = [
    ...Array.from({ length: 40 }, () => 65_000),
    131_071,
    131_072,
    131_073,
    262_144,
    300_000,
    1_048_576,
    1,
  ];
  const { answers } = await sendOver(patientYamux({ enableKeepAlive: false }), sizes);
  expect(answers).toBeGreaterThan(0);
});
