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
