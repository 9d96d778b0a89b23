/**
 * Telling a host that it was removed while it was away.
 *
 * Everybody refuses a stranger, and tells it nothing; so such a host would only find silence, as behind a cut cable. The host that signed the removal
 * keeps where the removed one was reached, and knocks there now and then with the signed list. The list proves itself, so what is told is what an
 * ordinary member is told a moment before it is cut, and no more. Nothing of the removed host is let in: it is we who dial, with a node that listens
 * nowhere and serves nothing.
 */
import { multiaddr } from "@multiformats/multiaddr";
import { z } from "zod";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { HostKey } from "../peers/host-key.ts";
import { ProtocolNames } from "../peers/protocol-names.ts";
import { hostId } from "../peers/word-schema.ts";
import { readJson, writeJson } from "./fleet-files.ts";
import { addressesSchema, memberDocumentSchema } from "./fleet-schema.ts";
import { conversationOver, createJoinNode, hangUp } from "./join-node.ts";
import type { MemberDocument } from "./member-document.ts";

/** The word that the signer says. */
export const farewellSchema = z.strictObject({ t: z.literal("farewell"), document: memberDocumentSchema });
/** The word that the removed host answers, once it has the list. */
export const heardSchema = z.strictObject({ t: z.literal("heard") });

/** First pause after a knock that nobody answered; doubled each time. Milliseconds. @default 5 s: a host that was removed is often just starting */
const firstPauseMs = 5_000;
/** Longest pause. Milliseconds. @default 1 min: it is told soon after it is back, and a knock costs 20 ms of processor */
const pauseMostMs = 60_000;
/** A host that is not back by then is not waited for. Milliseconds. @default 30 days */
const keptMs = 30 * 86_400_000;
/** Hosts to be told at most; the oldest is forgotten. */
const keptMost = 64;
/** One knock. Milliseconds. */
const knockMs = 4_000;

const entrySchema = z.strictObject({
  host: hostId,
  peerId: z.string().min(1).max(128),
  addresses: addressesSchema,
  removedMs: z.number(),
});
const fileSchema = z.array(entrySchema).max(keptMost);
type Entry = z.infer<typeof entrySchema>;

/** What the farewells need. */
export interface FarewellParts {
  readonly path: string;
  readonly fleet: string;
  readonly key: HostKey;
  /** The second ring, where the fleet has one. */
  readonly networkKey?: Uint8Array;
  readonly members: () => MemberDocument;
  readonly log: { info(code: string, text: string): void; warn(code: string, text: string): void };
  /** Wall clock, ms. @default Date.now */
  readonly nowMs?: () => number;
}

/** Those who are to be told, and the knocking. Only a host with the fleet key has one. */
export class Farewells {
  readonly #parts: FarewellParts;
  readonly #pauses = new Map<string, { readonly nextMs: number; readonly pauseMs: number }>();
  readonly #ended = new AbortController();
  #entries: readonly Entry[];
  #knocking: Promise<void> | undefined;

  constructor(parts: FarewellParts) {
    this.#parts = parts;
    this.#entries = this.#read();
  }

  /** The list changed: who went from it and was not there to hear it is told later. A host that has another key now is still a member. */
  changed(before: MemberDocument, after: MemberDocument, isUp: (host: string) => boolean): void {
    const nowMs = this.#nowMs();
    const gone = before.members.filter(({ hostId: host, addresses }) => {
      return addresses.length > 0 && !isUp(host) && after.members.every((member) => member.hostId !== host);
    });
    if (gone.length === 0) return;
    const entries = gone.map(({ hostId: host, peerId, addresses }) => ({
      ...{ host, peerId, addresses: [...addresses], removedMs: nowMs },
    }));
    this.#keep([...this.#entries, ...entries].slice(-keptMost));
  }

  /** Knocks at whoever is due, one at a time. To be called now and then; `nowMs` is monotonic. */
  look(nowMs: number): void {
    if (this.#knocking !== undefined || this.#entries.length === 0) return;
    const { members } = this.#parts.members();
    const oldestMs = this.#nowMs() - keptMs;
    const waiting = this.#entries.filter(({ host, peerId, removedMs }) => {
      return removedMs > oldestMs && members.every((member) => member.hostId !== host && member.peerId !== peerId);
    });
    if (waiting.length < this.#entries.length) this.#keep(waiting);
    const due = waiting.find(({ peerId }) => (this.#pauses.get(peerId)?.nextMs ?? 0) <= nowMs);
    if (due === undefined) return;
    this.#knocking = this.#knock(due, nowMs).finally(() => {
      this.#knocking = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#knocking;
  }

  async #knock(entry: Entry, nowMs: number): Promise<void> {
    const { log, members } = this.#parts;
    const { host, peerId } = entry;
    const before = this.#pauses.get(peerId)?.pauseMs ?? firstPauseMs / 2;
    const pauseMs = Math.min(pauseMostMs, 2 * before);
    this.#pauses.set(peerId, { nextMs: nowMs + pauseMs, pauseMs });
    try {
      await this.#tell(entry, members());
    } catch {
      // Still away, or told by somebody else and shut to us: the next knock, or the end of the time, will show.
      return;
    }
    this.#keep(this.#entries.filter((one) => one.peerId !== peerId));
    log.info("FLEET_FAREWELL", `${host} has heard that it is no member any more`);
  }

  async #tell({ peerId, addresses }: Entry, document: MemberDocument): Promise<void> {
    const { key, networkKey, fleet } = this.#parts;
    const signal = AbortSignal.any([AbortSignal.timeout(knockMs), this.#ended.signal]);
    const ring = networkKey === undefined ? {} : { networkKey };
    const node = await createJoinNode({ key, listen: [], hearBytesMax: 256, report: () => {}, ...ring });
    try {
      await node.start();
      const targets = addresses.map((address) => multiaddr(`${address}/p2p/${peerId}`));
      const connection = await node.dial(targets, { signal });
      const stream = await connection.newStream(new ProtocolNames(fleet).farewell, { signal });
      const words = conversationOver(stream, { hearBytesMax: 256, signal });
      await words.say({ t: "farewell", document } satisfies z.infer<typeof farewellSchema>);
      const answer = await words.hear(heardSchema);
      await hangUp(connection);
      if (answer.kind !== "ok") throw new AgentError("OPERATION_FAILED", answer.reason);
    } finally {
      await node.stop();
    }
  }

  #nowMs(): number {
    return (this.#parts.nowMs ?? Date.now)();
  }

  #read(): readonly Entry[] {
    try {
      return readJson(this.#parts.path, fileSchema) ?? [];
    } catch (error) {
      this.#parts.log.warn("FLEET_FAREWELL", `who is to be told of its removal is not known: ${reasonOf(error)}`);
      return [];
    }
  }

  #keep(entries: readonly Entry[]): void {
    this.#entries = entries;
    try {
      writeJson(this.#parts.path, entries);
    } catch (error) {
      this.#parts.log.warn("FLEET_FAREWELL", `who is to be told of its removal cannot be kept: ${reasonOf(error)}`);
    }
  }
}
