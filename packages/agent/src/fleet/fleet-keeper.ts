/**
 * Keeps one running agent's idea of who belongs to the fleet.
 *
 * The signed list is on the disk before it is used. A newer one comes from another host or from a command on this one; it is verified,
 * saved, given to the peer network, and its number told to everybody: whoever is behind asks for the whole. The host with the
 * fleet key also keeps the door for joining hosts and sees to the number of voters.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Configuration, HostId, OperatorCommand, VoterId } from "@berth/claims";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { HostKey } from "../peers/host-key.ts";
import type { AgentNotice, NoticeChannel } from "../ports/agent-notice.ts";
import type { Member, PeerNetwork } from "../ports/peer-network.ts";
import { DoorKeeper } from "./door-keeper.ts";
import { Farewells } from "./farewells.ts";
import { FileWatch } from "./file-watch.ts";
import { fleetPaths, lockFleetFiles } from "./fleet-files.ts";
import { openFleetHome, saveMembers } from "./fleet-home.ts";
import { fleetKeyFile } from "./fleet-key.ts";
import { changeMembers } from "./fleet-ledger.ts";
import { withSelfReport } from "./member-changes.ts";
import type { FleetHome, FleetMember, MemberDocument } from "./member-document.ts";
import { VoterKeeper } from "./voter-keeper.ts";

/** Between two looks at files, door and voters. Milliseconds: what a person who typed a command does not wait for. */
const lookMs = 500;
/** Time for the last word to a removed host before its connection is cut. Milliseconds. */
const farewellMs = 200;
/** Between two changes of the list that one member asks for by what it says of itself. Milliseconds. */
const selfReportMs = 10_000;
/** Between two questions for a newer list: many peers have it at once, one answer is enough. Milliseconds. */
const askMs = 1_000;

/** Looks between two words about the list's number to one random peer: a notice may get lost, and nobody would say it again. */
const looksPerWord = 8;

/** Where lines of the log go; the agent's log fits. */
export interface KeeperLog {
  info(code: string, text: string): void;
  warn(code: string, text: string): void;
  error(code: string, text: string): void;
}

/** What the keeper is made of. */
export interface FleetKeeperParts {
  readonly home: FleetHome;
  readonly key: HostKey;
  /** `RecordStore.diskId`: when the list says another one, this disk is new and wants to be known. */
  readonly disk: VoterId;
  readonly network: PeerNetwork & NoticeChannel;
  /** In force now. */
  readonly config: () => Configuration;
  /** Hands a change of voters to the protocol. */
  readonly operate: (command: OperatorCommand) => void;
  readonly log: KeeperLog;
  /** Where to dial a member in place of what the list says. */
  readonly peerAddresses?: Readonly<Record<HostId, readonly string[]>>;
  /** Text of the private-network key in use, for hosts that join. */
  readonly networkKey?: string;
}

/** See above. Started after the peer network, stopped before it. */
export class FleetKeeper {
  readonly #parts: FleetKeeperParts;
  readonly #listeners = new Set<(document: MemberDocument) => void>();
  readonly #ends: (() => void)[] = [];
  readonly #watch: FileWatch;
  readonly #door: DoorKeeper;
  readonly #voters: VoterKeeper;
  readonly #farewells: Farewells;
  readonly #reportedMs = new Map<HostId, number>();
  #members: MemberDocument;
  #askedMs = Number.NEGATIVE_INFINITY;
  #looks = 0;
  #timer: NodeJS.Timeout | undefined;
  #farewell: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(parts: FleetKeeperParts) {
    const { home, log, config, operate, network, key, networkKey } = parts;
    const { stateDir, fleet } = home;
    this.#parts = parts;
    this.#members = home.members;
    this.#watch = new FileWatch(fleetPaths(stateDir).members);
    this.#door = new DoorKeeper({
      ...{ stateDir, fleet, key, listen: home.join.listen, config },
      ...(networkKey !== undefined && { networkKey }),
      fleetKey: () => this.#members.fleetKey,
      onJoined: (document) => this.#apply(document),
      report: (counter, text) => network.report(counter, text),
      onProblem: (text) => log.warn("JOIN_DOOR", text),
      onState: (isOpen) => log.info("JOIN_DOOR", isOpen ? "the door for joining hosts is open" : "the door is shut"),
    });
    this.#farewells = new Farewells({
      ...{ path: fleetPaths(stateDir).farewells, fleet, key, log, members: () => this.#members },
      ...(networkKey !== undefined && { networkKey: Buffer.from(networkKey.trimEnd()) }),
    });
    this.#voters = new VoterKeeper({
      members: () => this.#members,
      config,
      operate,
      up: () => this.#up(),
      onWish: (text) => log.info("VOTERS_CHANGE", text),
    });
  }

  /** The list in force. */
  get members(): MemberDocument {
    return this.#members;
  }

  /** Whether this host is no longer on the list: it renews nothing and is heard by nobody. */
  get isRemoved(): boolean {
    return this.#members.members.every(({ peerId }) => peerId !== this.#parts.key.peerId);
  }

  /** Where joining hosts knock; empty while the door is shut. */
  get doorAddresses(): readonly string[] {
    return this.#door.addresses;
  }

  /**
   * The list as the peer network wants it. While it has an old address of this host nobody can dial here, so this host counts
   * as one without an address, which dials all others.
   */
  get peers(): readonly Member[] {
    const peers = peersOf(this.#members.members, this.#parts.peerAddresses);
    const { home, key } = this.#parts;
    if (home.advertise === undefined || this.#selfReport() === undefined) return peers;
    return peers.map((peer) => (peer.peerId === key.peerId ? { ...peer, addresses: [] } : peer));
  }

  start(): void {
    const { network } = this.#parts;
    this.#ends.push(
      network.onNotice((from, notice) => this.#onNotice(from, notice)),
      network.onPeerUp(({ host }) => this.#greet(host)),
    );
    network.replaceMembers(this.peers);
    this.#sayIfRemoved();
    this.#timer = setInterval(() => this.#look(), lookMs);
    this.#look();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#farewell);
    for (const end of this.#ends) end();
    await Promise.all([this.#door.stop(), this.#farewells.stop()]);
    await this.#saving;
  }

  /** Calls back with each newer list; returns the function that ends it. */
  onMembers(listener: (document: MemberDocument) => void): () => void {
    const own = (document: MemberDocument) => listener(document);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** Takes a newer list. One that is in force already is no mistake. @throws AgentError FLEET_INVALID */
  adopt(document: MemberDocument): void {
    if (document.number === this.#members.number && document.signature === this.#members.signature) return;
    this.#apply(saveMembers(this.#parts.home.stateDir, document));
  }

  #look(): void {
    if (this.#watch.hasChanged()) this.#readFile();
    this.#looks += 1;
    if (this.#looks % looksPerWord === 0) this.#tellSomebody();
    const canSign = !this.isRemoved && existsSync(join(this.#parts.home.stateDir, fleetKeyFile));
    this.#door.look(canSign);
    if (!canSign) return;
    const report = this.#selfReport();
    if (report !== undefined) this.#onSelfReport(this.#parts.home.self, report);
    this.#voters.look(performance.now());
    this.#farewells.look(performance.now());
  }

  #tellSomebody(): void {
    const { network } = this.#parts;
    const others = [...this.#up()].filter((host) => host !== network.self);
    const host = others[Math.floor(Math.random() * others.length)];
    if (host !== undefined) network.sendNotice(host, this.#number());
  }

  /** A command on this host may have signed a new list. */
  #readFile(): void {
    const { home, log } = this.#parts;
    try {
      this.#apply(openFleetHome(home.stateDir).members);
    } catch (error) {
      log.warn("FLEET_INVALID", `the member list on the disk is not taken: ${reasonOf(error)}`);
    }
  }

  /** `document` is verified and on the disk. */
  #apply(document: MemberDocument): void {
    if (document.number <= this.#members.number) return;
    const { network, log, home } = this.#parts;
    const before = this.#members;
    this.#members = document;
    log.info("FLEET_MEMBERS", `member list ${document.number} holds: ${changesOf(before, document)}`);
    const isSigner = existsSync(join(home.stateDir, fleetKeyFile));
    if (isSigner) this.#sayFarewell(before, document);
    network.broadcastNotice(isSigner ? { kind: "members", document } : this.#number());
    clearTimeout(this.#farewell);
    const isSomebodyGone = before.members.some(({ peerId }) => !document.members.some((one) => one.peerId === peerId));
    // A removed host is told so by whoever signed; everybody else cuts it at once.
    if (isSigner && isSomebodyGone) this.#farewell = setTimeout(() => network.replaceMembers(this.peers), farewellMs);
    else network.replaceMembers(this.isRemoved ? [] : this.peers);
    this.#sayIfRemoved();
    for (const listener of this.#listeners) listener(document);
  }

  #sayFarewell(before: MemberDocument, after: MemberDocument): void {
    const up = this.#up();
    this.#farewells.changed(before, after, (host) => up.has(host));
  }

  #sayIfRemoved(): void {
    if (!this.isRemoved) return;
    const { home, log } = this.#parts;
    const text = `${home.self} was removed from fleet ${home.fleet}: it holds no lease any more, and its guests pause`;
    log.error("FLEET_REMOVED", text);
  }

  #number(): AgentNotice {
    return { kind: "members-number", number: this.#members.number };
  }

  #greet(host: HostId): void {
    const { network } = this.#parts;
    network.sendNotice(host, this.#number());
    const report = this.#selfReport();
    if (report !== undefined) network.sendNotice(host, { kind: "self", ...report });
  }

  /** What the list should say of this host and does not. */
  #selfReport(): Pick<FleetMember, "disk" | "addresses"> | undefined {
    const { disk, key, home } = this.#parts;
    const own = this.#members.members.find(({ peerId }) => peerId === key.peerId);
    if (own === undefined) return undefined;
    const addresses = home.advertise ?? own.addresses;
    return own.disk === disk && own.addresses.join() === addresses.join() ? undefined : { disk, addresses };
  }

  #onNotice(from: HostId, notice: AgentNotice): void {
    switch (notice.kind) {
      case "members":
        this.#onDocument(from, notice.document);
        return;
      case "members-number":
        this.#onNumber(from, notice.number);
        return;
      case "self":
        this.#onSelfReport(from, notice);
        return;
      case "facts":
      case "definition":
      case "definition-want":
      case "order":
      case "order-answer":
        return;
    }
  }

  #onNumber(from: HostId, number: number): void {
    const { network } = this.#parts;
    if (number < this.#members.number) {
      network.sendNotice(from, { kind: "members", document: this.#members });
    } else if (number > this.#members.number && performance.now() - this.#askedMs > askMs) {
      this.#askedMs = performance.now();
      // Whoever is told a lower number than its own sends the whole list.
      network.sendNotice(from, this.#number());
    }
  }

  #onDocument(from: HostId, document: MemberDocument): void {
    const { network, home } = this.#parts;
    if (document.number <= this.#members.number) {
      if (document.number === this.#members.number && document.signature === this.#members.signature) return;
      network.report("replayed", `${from} sends member list ${document.number}, which is not newer`, from);
      return;
    }
    // Under the lock: a command may be writing the list at this moment.
    this.#saving = this.#saving.then(async () => {
      const lock = await lockFleetFiles(home.stateDir);
      try {
        if (document.number > this.#members.number) this.adopt(document);
      } finally {
        lock.release();
      }
    });
    this.#saving = this.#saving.catch((error: unknown) => {
      const isRefused = error instanceof AgentError && error.code === "FLEET_INVALID";
      network.report(isRefused ? "bad-proof" : "malformed", `a member list of ${from}: ${reasonOf(error)}`, from);
    });
  }

  /** A member has another disk or another address than the list says: signed anew where the fleet key is. */
  #onSelfReport(from: HostId, report: Pick<FleetMember, "disk" | "addresses">): void {
    const { home, log } = this.#parts;
    if (!existsSync(join(home.stateDir, fleetKeyFile))) return;
    const now = performance.now();
    if (now - (this.#reportedMs.get(from) ?? Number.NEGATIVE_INFINITY) < selfReportMs) return;
    this.#reportedMs.set(from, now);
    this.#saving = this.#saving
      .then(async () => {
        const { disk, addresses } = report;
        const wish = await changeMembers(home.stateDir, Date.now(), (body) =>
          withSelfReport(body, from, { disk, addresses }),
        );
        if (wish.kind === "changed") {
          log.warn("MEMBER_CHANGED", changeOfSelf(from, this.#members, { disk, addresses }));
          this.#apply(wish.document);
        }
      })
      .catch((error: unknown) => log.warn("FLEET_INVALID", `${from} cannot be signed anew: ${reasonOf(error)}`));
  }

  #up(): ReadonlySet<HostId> {
    const { network } = this.#parts;
    const up = network.members().filter(({ state }) => state === "up");
    return new Set([network.self, ...up.map(({ member }) => member.hostId)]);
  }
}

/** Members as the peer network wants them, with addresses that this host knows better. */
export function peersOf(
  members: readonly FleetMember[],
  peerAddresses: Readonly<Record<HostId, readonly string[]>> = {},
): readonly Member[] {
  return members.map(({ hostId, peerId, addresses, role }) => ({
    hostId,
    peerId,
    addresses: peerAddresses[hostId] ?? addresses,
    role,
  }));
}

function changeOfSelf(
  host: HostId,
  { members }: MemberDocument,
  { disk, addresses }: Pick<FleetMember, "disk" | "addresses">,
): string {
  return members.find(({ hostId }) => hostId === host)?.disk === disk
    ? `${host} is reached at ${addresses.join(", ")} now`
    : `${host} has a new disk: what its voter remembered is lost, and it votes under a new id`;
}

function changesOf(before: MemberDocument, after: MemberDocument): string {
  const names = ({ members }: MemberDocument) => members.map(({ hostId }) => hostId);
  const [old, now] = [names(before), names(after)];
  const come = now.filter((host) => !old.includes(host));
  const gone = old.filter((host) => !now.includes(host));
  const parts = [
    ...(come.length > 0 ? [`${come.join(", ")} came`] : []),
    ...(gone.length > 0 ? [`${gone.join(", ")} went`] : []),
    ...(before.fleetKey === after.fleetKey ? [] : ["the fleet key was rotated"]),
  ];
  return parts.length === 0 ? `${now.length} members` : parts.join("; ");
}
