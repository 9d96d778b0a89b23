import { describe, expect, test } from "vitest";
import { isLinkFault } from "../../src/daemon/library-faults.ts";

function fault(name: string, frames: readonly string[]): Error {
  const error = new Error("Cannot write to a stream that is closed");
  error.name = name;
  error.stack = `${name}: ${error.message}\n${frames.map((frame) => `    at ${frame}`).join("\n")}`;
  return error;
}

const yamux = "YamuxMuxer.sendFrame (file:///b/node_modules/@libp2p/yamux/dist/src/muxer.js:127:3)";
const node = "process.processTicksAndRejections (node:internal/process/task_queues:105:5)";
const own = "PeerLink.send (file:///b/packages/agent/src/peers/peer-link.ts:90:5)";

describe("an uncaught error", () => {
  test("about a closed stream, of libp2p alone, is a link that died", () => {
    expect(isLinkFault(fault("StreamStateError", [yamux, node]))).toBe(true);
  });

  test("of any other kind, or with our own code on its stack, is a bug", () => {
    expect(isLinkFault(fault("TypeError", [yamux, node]))).toBe(false);
    expect(isLinkFault(fault("StreamStateError", [yamux, own]))).toBe(false);
    expect(isLinkFault(fault("StreamStateError", [node]))).toBe(false);
    expect(isLinkFault("StreamStateError")).toBe(false);
  });
});
