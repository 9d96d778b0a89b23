import { hash, type KeyObject, sign, verify } from "node:crypto";
import type { GossipEntry, HostId, Message } from "@berth/claims";
import { peerIdFromString } from "@libp2p/peer-id";
import { canonicalText } from "./canonical-text.ts";
import { publicKeyOf } from "./ed25519.ts";
import type { HostKey } from "./host-key.ts";
import type { MemberList } from "./member-list.ts";
import type { PeerTally } from "./peer-tally.ts";

/** Others' entries that are known to be signed: after a re-connect each peer sends the same ones again. */
const provedMax = 16_384;
/** Own entries whose signature is remembered: they are sent again for digests, on connect and when asked for. */
const rememberedMax = 8_192;

/**
 * Signatures of gossip entries. An entry travels on through others, so the connection it comes over proves nothing about
 * its origin; the signature does. It covers the fleet, the origin, the life, the number, the key and the body.
 */
export class EntryProofs {
  readonly #fleet: string;
  readonly #self: HostId;
  readonly #key: HostKey;
  readonly #tally: PeerTally;
  readonly #made = new Map<string, { readonly life: number; readonly seq: number; readonly proof: string }>();
  readonly #publicKeys = new Map<string, KeyObject>();
  /** The last entry of each origin and key whose signature was good, as a digest of all that was signed and the signature. */
  readonly #proved = new Map<string, string>();

  constructor(init: { readonly fleet: string; readonly self: HostId; readonly key: HostKey }, tally: PeerTally) {
    this.#fleet = init.fleet;
    this.#self = init.self;
    this.#key = init.key;
    this.#tally = tally;
  }

  /** The message with every own entry signed; others' entries keep the signature they came with. */
  signed(message: Message): Message {
    if (message.kind !== "gossip-push") return message;
    const entries = message.entries.map((entry) => (entry.origin === this.#self ? this.#sign(entry) : entry));
    return { ...message, entries };
  }

  /**
   * The message without entries that nobody answers for. What the sender says of itself is proved by its connection; what it
   * passes on needs its origin's signature.
   */
  checked(from: HostId, message: Message, members: MemberList): Message {
    if (message.kind !== "gossip-push") return message;
    const entries = message.entries.filter((entry) => entry.origin === from || this.#isProved(entry, members, from));
    return entries.length === message.entries.length ? message : { ...message, entries };
  }

  #sign(entry: GossipEntry): GossipEntry {
    const known = this.#made.get(entry.key);
    if (known?.life === entry.life && known.seq === entry.seq) return { ...entry, proof: known.proof };
    const proof = sign(null, this.#signedBytes(entry), this.#key.signer).toString("base64");
    if (this.#made.size >= rememberedMax) this.#made.clear();
    this.#made.set(entry.key, { life: entry.life, seq: entry.seq, proof });
    return { ...entry, proof };
  }

  #isProved(entry: GossipEntry, members: MemberList, from: HostId): boolean {
    const peerId = entry.origin === this.#self ? this.#key.peerId : members.host(entry.origin)?.peerId;
    // A host that left the fleet: others may not know yet, so this is nobody's fault.
    if (peerId === undefined) return false;
    const proof = Buffer.from(entry.proof ?? "", "base64");
    const bytes = this.#signedBytes(entry);
    const id = `${peerId}\n${entry.key}`;
    const digest = hash("sha256", Buffer.concat([bytes, proof]), "base64");
    if (proof.length === 64 && this.#proved.get(id) === digest) return true;
    if (proof.length === 64 && verify(null, bytes, this.#publicKey(peerId), proof)) {
      if (this.#proved.size >= provedMax) this.#proved.clear();
      this.#proved.set(id, digest);
      return true;
    }
    this.#tally.warn(
      "bad-proof",
      `an entry of ${entry.origin} passed on by ${from} is not signed by ${entry.origin}`,
      from,
    );
    return false;
  }

  #publicKey(peerId: string): KeyObject {
    const known = this.#publicKeys.get(peerId);
    if (known !== undefined) return known;
    const raw = peerIdFromString(peerId).publicKey?.raw ?? new Uint8Array(32);
    const made = publicKeyOf(raw);
    this.#publicKeys.set(peerId, made);
    return made;
  }

  #signedBytes(entry: GossipEntry): Uint8Array {
    const { origin, life, seq, key, body } = entry;
    return Buffer.from(canonicalText(["berth-gossip-entry-1", this.#fleet, origin, life, seq, key, body]));
  }
}
