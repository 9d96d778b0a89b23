import type {
  Ballot,
  ClaimValue,
  Configuration,
  DurableRecord,
  GuestId,
  HostId,
  KnownHost,
  VoterId,
} from "@berth/claims";
import { FenceLedger } from "./fence-ledger.ts";
import { entryOf } from "./map-entry.ts";
import type { Violation } from "./violation.ts";

/**
 * Which claims are *chosen*, read from the voters' disks and from nothing else.
 *
 * Every durable register write is noted: this disk has accepted this ballot. A value is chosen at the moment a majority
 * of one configuration's disks has ever accepted its ballot. From that the oracle knows, without asking any agent, who
 * owns a guest; and it checks the registers themselves: one ballot never carries two values, epochs never fall, an
 * owner's incarnation that a majority has fenced never gets a claim.
 */
interface Accepted {
  readonly ballot: Ballot;
  readonly value: ClaimValue;
  readonly voters: Set<VoterId>;
  /** How often an operator had founded a new voter set when the ballot was first accepted. */
  readonly era: number;
  chosen: boolean;
}

/** A value that a majority has accepted, and the ballot it was accepted under. */
export interface ChosenClaim {
  readonly ballot: Ballot;
  readonly value: ClaimValue;
  /**
   * Grows with every `reset-quorum`. What the lost majority knew is gone, so ballots and epochs are compared within one era only; who
   * executes is judged across eras as ever.
   */
  readonly era: number;
}

/** Told when a claim is chosen and when a majority has fenced an incarnation. */
export interface ClaimListener {
  chosen(guest: GuestId, now: ChosenClaim, before: ChosenClaim | undefined): void;
  fencedByMajority(host: HostId, inc: number): void;
}

/** Reads every register and fence off the disks. */
export class ClaimOracle {
  #configs = new Map<number, Configuration>();
  #accepted = new Map<GuestId, Map<string, Accepted>>();
  #latest = new Map<GuestId, ChosenClaim>();
  #written: FenceLedger;
  #standing: FenceLedger;
  #active = new Map<VoterId, number>();
  #era = 0;
  #listener: ClaimListener;
  #report: (code: Violation["code"], text: string) => void;

  constructor(listener: ClaimListener, report: (code: Violation["code"], text: string) => void) {
    this.#listener = listener;
    this.#report = report;
    const isMajority = (voters: ReadonlySet<VoterId>): boolean => this.majorityConfig(voters) !== undefined;
    this.#written = new FenceLedger(isMajority, () => {});
    this.#standing = new FenceLedger(isMajority, (host, inc) => listener.fencedByMajority(host, inc));
  }

  addConfig(config: Configuration): void {
    if (this.#configs.has(config.number)) return;
    this.#configs.set(config.number, config);
    if (config.reset !== undefined) this.#era += 1;
    this.#written.judgeAll();
    this.#standing.judgeAll();
    for (const [guest, ballots] of this.#accepted) {
      for (const entry of ballots.values()) if (!entry.chosen) this.#judgeAccepted(guest, entry);
    }
  }

  configNumbered(number: number): Configuration | undefined {
    return this.#configs.get(number);
  }

  /** The configuration with the highest number that any disk has shown. */
  latestConfig(): Configuration | undefined {
    let latest: Configuration | undefined;
    for (const config of this.#configs.values())
      if (latest === undefined || config.number > latest.number) latest = config;
    return latest;
  }

  /** The highest configuration number for which a majority of its voters' disks have been activated; 1 at first. */
  activeNumber(): number {
    let highest = 1;
    for (const config of this.#configs.values()) {
      const active = config.voters.filter(({ voter }) => (this.#active.get(voter) ?? 0) >= config.number);
      if (active.length > config.voters.length / 2) highest = Math.max(highest, config.number);
    }
    return highest;
  }

  /** The configuration that this disk answers for; 0 when none. */
  activeOf(voter: VoterId): number {
    return this.#active.get(voter) ?? 0;
  }

  owner(guest: GuestId): ChosenClaim | undefined {
    return this.#latest.get(guest);
  }

  /** Highest incarnation of a host that a majority has fenced and that nobody may execute under any more; 0 when none. */
  fencedInc(host: HostId): number {
    return this.#standing.fencedInc(host);
  }

  /** Highest incarnation that is fenced on a majority of disks, copied fences that do not stand yet included; 0 when none. */
  fencedOnDisks(host: HostId): number {
    return this.#written.fencedInc(host);
  }

  /** Highest incarnation of a host that even one disk has fenced; 0 when none. */
  fencedAnywhere(host: HostId): number {
    return this.#written.fencedAnywhere(host);
  }

  /** This voter's word stands from now on: at once for its own fence, after the quarantine for a copied one. */
  fenceStands(voter: VoterId, host: HostId, inc: number): void {
    this.#standing.note(voter, host, inc);
  }

  /**
   * A record became durable on the disk of this voter.
   * @param copied it came with the copy for a new voter set: a fence in it stands only once {@link fenceStands} says so
   */
  written(voter: VoterId, record: DurableRecord, copied = false): void {
    switch (record.kind) {
      case "config":
        this.addConfig(record.value);
        return;
      case "voter-active":
        this.#active.set(voter, record.value.cfg);
        return;
      case "voter-sealed":
        if (record.value !== null) this.addConfig(record.value);
        return;
      case "voter-register": {
        const { acceptedBallot, value } = record.value;
        if (acceptedBallot !== undefined && value !== undefined)
          this.#accept(voter, record.guest, acceptedBallot, value);
        return;
      }
      case "voter-host":
        this.#written.note(voter, record.host, fencedBy(record.value));
        if (!copied) this.fenceStands(voter, record.host, fencedBy(record.value));
        return;
      default:
        return;
    }
  }

  /** The voters of one configuration of which a majority is in the set. */
  majorityConfig(voters: ReadonlySet<VoterId>): Configuration | undefined {
    for (const config of this.#configs.values()) {
      let count = 0;
      for (const { voter } of config.voters) if (voters.has(voter)) count += 1;
      if (count > config.voters.length / 2) return config;
    }
    return undefined;
  }

  #accept(voter: VoterId, guest: GuestId, ballot: Ballot, value: ClaimValue): void {
    const ballots = entryOf(this.#accepted, guest, () => new Map<string, Accepted>());
    const key = `${ballot.n}/${ballot.host}/${ballot.life}`;
    const entry = entryOf(ballots, key, () => ({
      ballot,
      value,
      voters: new Set<VoterId>(),
      era: this.#era,
      chosen: false,
    }));
    if (!sameValue(entry.value, value)) {
      this.#report(
        "CLAIM_FORKED",
        `ballot ${key} of ${guest} carries two values: ${text(entry.value)} and ${text(value)}`,
      );
      return;
    }
    if (entry.chosen || entry.voters.has(voter)) return;
    entry.voters.add(voter);
    this.#judgeAccepted(guest, entry);
  }

  #judgeAccepted(guest: GuestId, entry: Accepted): void {
    if (this.majorityConfig(entry.voters) === undefined) return;
    entry.chosen = true;
    this.#choose(guest, entry);
  }

  #choose(guest: GuestId, entry: Accepted): void {
    const before = this.#latest.get(guest);
    if (before !== undefined && isOlder(entry, before)) return;
    const { value, era } = entry;
    if (before?.era === era) {
      if (value.epoch < before.value.epoch) {
        this.#report("EPOCH_FELL", `the epoch of ${guest} fell from ${before.value.epoch} to ${value.epoch}`);
      } else if (value.epoch === before.value.epoch && !sameValue(value, before.value)) {
        this.#report(
          "CLAIM_FORKED",
          `epoch ${value.epoch} of ${guest} was chosen twice: ${text(before.value)}, then ${text(value)}`,
        );
      }
    }
    const now = { ballot: entry.ballot, value, era };
    this.#latest.set(guest, now);
    this.#listener.chosen(guest, now, before);
  }
}

/** Order of proposals: number, then host, then life. Written again here so that the oracle does not ask the core. */
export function compareBallots(a: Ballot, b: Ballot): number {
  if (a.n !== b.n) return a.n - b.n;
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  return a.life - b.life;
}

/** What a voter's disk fences: what it says, and every incarnation older than the one it knows. */
export function fencedBy({ fenced, inc }: KnownHost): number {
  return Math.max(fenced, inc - 1);
}

function isOlder(entry: ChosenClaim, before: ChosenClaim): boolean {
  return entry.era === before.era ? compareBallots(entry.ballot, before.ballot) < 0 : entry.era < before.era;
}

function sameValue(a: ClaimValue, b: ClaimValue): boolean {
  return a.owner === b.owner && a.inc === b.inc && a.epoch === b.epoch && a.runId === b.runId;
}

function text(value: ClaimValue): string {
  return value.owner === null
    ? `released (epoch ${value.epoch})`
    : `${value.owner} inc ${value.inc} epoch ${value.epoch}`;
}
