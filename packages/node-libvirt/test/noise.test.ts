import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { domainLifecycle, domainProcedures } from "../src/domain.ts";
import { connect, LibvirtError } from "../src/index.ts";
import { eventFrame, replyFrame, ScriptedServer } from "./scripted-server.ts";

const domain = { name: "web1", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 7 };
const stats = [
  {
    domain,
    params: new Map<string, number | string>([
      ["state.state", 1],
      ["name", "vnet0"],
    ]),
  },
];

/** What is done to the bytes of a conversation that began well. */
interface Damage {
  readonly at: number;
  readonly kind: "flip" | "insert" | "remove" | "end";
  readonly bytes: Uint8Array;
}

const damages = fc.array(
  fc.record<Damage>({
    at: fc.nat(1_000),
    kind: fc.constantFrom("flip", "insert", "remove", "end"),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 4 },
);

function damaged(good: Buffer, { at, kind, bytes }: Damage): Buffer {
  const place = at % good.length;
  const [before, after] = [good.subarray(0, place), good.subarray(place)];
  switch (kind) {
    case "flip":
      return Buffer.concat([
        before,
        bytes.subarray(0, after.length),
        after.subarray(Math.min(bytes.length, after.length)),
      ]);
    case "insert":
      return Buffer.concat([before, bytes, after]);
    case "remove":
      return Buffer.concat([before, after.subarray(bytes.length)]);
    case "end":
      return Buffer.from(before);
  }
}

/** One conversation of three calls whose answers, and an event before them, arrive damaged. */
async function converse(list: readonly Damage[], hangUp: boolean): Promise<void> {
  await using server = await ScriptedServer.start((_call, peer) => {
    if (peer.calls.length < 3) return;
    const replies = peer.calls.map(({ header }) => replyFrame(header, domainProcedures.allStats.result, stats));
    const message = { callbackId: 1, domain, event: 2, detail: 0 };
    const event = eventFrame(domainLifecycle.number, domainLifecycle.message, message);
    peer.socket.write(list.reduce(damaged, Buffer.concat([event, ...replies])));
    if (hangUp) peer.socket.end();
  });
  await using connection = await connect(server.uri);
  const calls = [1, 2, 3].map(() => connection.domains.allStats({ state: true }, {}, { deadlineMs: 200 }));
  for (const outcome of await Promise.allSettled(calls)) {
    if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(LibvirtError);
  }
}

describe("a conversation with damaged bytes", () => {
  it("ends each call with its answer or a LibvirtError, in time, and never breaks the process", async () => {
    // Side by side, for many of them only end with their deadline.
    const conversations = fc.array(fc.tuple(damages, fc.boolean()), { minLength: 40, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(conversations, async (all) => {
        await Promise.all(all.map(([list, hangUp]) => converse(list, hangUp)));
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });
});
