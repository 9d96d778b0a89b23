/**
 * Lets guests fail over whose definition stands on their owner only.
 *
 * The owner keeps what its hypervisor has and tells everybody when it changes; who comes up asks for what it lacks. A
 * definition travels with the epoch of the claim under which its owner had it, so whoever takes the guest over next takes
 * the newest one. Guests whose definition policy states, or that can be built from it, have no need of this.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { GuestId, GuestView, HostId } from "@berth/claims";
import { descend, normalUuid, parseXml, textOf } from "@berth/domain-xml";
import type { GuestPromise } from "@berth/model";
import { canBeBuilt } from "@berth/planner";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { AgentNotice, NoticeChannel } from "../ports/agent-notice.ts";
import type { Hypervisor } from "../ports/hypervisor.ts";
import type { DefinitionStore, KeptDefinition } from "./definition-store.ts";

/** What it works with. */
export interface ExchangeComponents {
  readonly store: DefinitionStore;
  readonly channel: NoticeChannel;
  /** All guests that the protocol knows, and one of them. */
  readonly guests: () => readonly GuestView[];
  readonly guest: (guest: GuestId) => GuestView | undefined;
  /** Guests that policy promises. */
  readonly promises: () => ReadonlyMap<GuestId, GuestPromise>;
  readonly hypervisorOf: (guest: GuestId) => Promise<Hypervisor>;
  /** Members that are heard now. */
  readonly peersUp: () => readonly HostId[];
  /** A definition arrived that was not here before: what could not be had may be had now. */
  readonly arrived: (guest: GuestId) => void;
  readonly problem: (text: string, guest?: GuestId) => void;
}

/** Names per `definition-want`. */
const wantedMost = 500;
/** What is sent to one host without a pause, in characters: a quarter of what may wait for it before the oldest is dropped. */
const portionChars = 256 * 1024;
/** The pause. @default 100 ms: 2.5 MB in a second, and a thousand definitions in a few */
const portionMs = 100;

/** One host's side of the exchange. */
export class DefinitionExchange {
  readonly #parts: ExchangeComponents;
  #capturing: Promise<void> | undefined;
  #again = false;
  /** Definitions that hosts have asked for and that are on their way. */
  readonly #owed = new Map<HostId, Set<GuestId>>();
  readonly #unsure = new Map<string, { readonly from: HostId; readonly definition: KeptDefinition }>();

  constructor(components: ExchangeComponents) {
    this.#parts = components;
    for (const { file, why } of components.store.damaged) components.problem(`${file} is not used: ${why}`);
  }

  /** Keeps and tells what the hypervisor has of the guests that are owned here. Cheap where nothing changed. */
  capture(): void {
    for (const { from, definition } of [...this.#unsure.values()]) this.#judge(from, definition);
    if (this.#capturing !== undefined) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#capturing = this.#captureNow()
      .catch((error: unknown) => {
        if (!(error instanceof AgentError)) throw error;
        this.#parts.problem(`definitions could not be read: ${reasonOf(error)}`);
      })
      .finally(() => {
        this.#capturing = undefined;
        if (this.#again) this.capture();
      });
  }

  /** Policy changed: other guests may need a definition now. */
  askAll(): void {
    for (const host of this.#parts.peersUp()) this.peerUp(host);
  }

  /** A peer came up: ask it for what policy leaves open. */
  peerUp(host: HostId): void {
    const open = [...this.#parts.promises().values()].filter(needsDefinition).map(({ name }) => name);
    this.#ask(host, open);
  }

  /**
   * To be called now and then: a notice may be lost, for want of room or with its link, and nobody would send it again. What is
   * not here, or older than the claim, is asked for of its owner, where that is heard, else of anybody.
   */
  askMissing(): void {
    const up = this.#parts.peersUp();
    const anybody = up[Math.floor(Math.random() * up.length)];
    if (anybody === undefined) return;
    const missing = [...this.#parts.promises().values()].filter((promise) => this.#isMissing(promise));
    const ofHosts = Map.groupBy(missing, ({ name }) => {
      const owner = this.#parts.guest(name)?.claim?.owner;
      return up.find((host) => host === owner) ?? anybody;
    });
    for (const [host, promises] of ofHosts) {
      this.#ask(
        host,
        promises.map(({ name }) => name),
      );
    }
  }

  #isMissing(promise: GuestPromise): boolean {
    if (!needsDefinition(promise)) return false;
    const view = this.#parts.guest(promise.name);
    const epoch = view?.owned === true ? 0 : (view?.claim?.epoch ?? 0);
    return (this.#parts.store.get(promise.name)?.epoch ?? -1) < epoch;
  }

  #ask(host: HostId, guests: readonly GuestId[]): void {
    for (let at = 0; at < guests.length; at += wantedMost) {
      this.#parts.channel.sendNotice(host, { kind: "definition-want", guests: guests.slice(at, at + wantedMost) });
    }
  }

  take(from: HostId, notice: AgentNotice): void {
    if (notice.kind === "definition-want") this.#answer(from, notice.guests);
    if (notice.kind !== "definition") return;
    const { guest, uuid, epoch, xml } = notice;
    // Policy that is not in yet asks again when it is: what nobody needs is not kept.
    const promise = this.#parts.promises().get(guest);
    if (promise === undefined || !needsDefinition(promise)) return;
    if (!defines(xml, guest, uuid)) {
      this.#parts.problem(`${from} sent a definition of ${guest} that defines something else`, guest);
      return;
    }
    this.#judge(from, { guest, uuid, epoch, xml, applied: false });
  }

  /** Whose word it is may not be known yet, right after a start: then it is judged again later. */
  #judge(from: HostId, definition: KeptDefinition): void {
    const { guest, epoch } = definition;
    const claim = this.#parts.guest(guest)?.claim;
    const isUnsure = claim === undefined || claim.epoch < epoch;
    if (isUnsure) this.#unsure.set(`${from} ${guest}`, { from, definition });
    else this.#unsure.delete(`${from} ${guest}`);
    void this.#keep(definition, claim?.owner === from && claim.epoch === epoch);
  }

  async #keep(definition: KeptDefinition, isOwners: boolean): Promise<void> {
    const { store, arrived, problem } = this.#parts;
    const { guest } = definition;
    try {
      const isFirst = store.get(guest) === undefined;
      if ((await store.offer(definition, isOwners)) && isFirst) arrived(guest);
    } catch (error) {
      problem(reasonOf(error), guest);
    }
  }

  /** Before a start: defines the newest one where the hypervisor does not have it. @throws AgentError as the hypervisor */
  async apply(guest: GuestId): Promise<void> {
    const kept = this.#parts.store.get(guest);
    const promise = this.#parts.promises().get(guest);
    if (kept === undefined || kept.applied || promise === undefined || !needsDefinition(promise)) return;
    const hypervisor = await this.#parts.hypervisorOf(guest);
    const reason = `its owner had this definition under epoch ${kept.epoch}`;
    await hypervisor.perform({ kind: "define-domain", domain: guest, xml: kept.xml, tag: "next boot", reason });
    await this.#parts.store.markApplied(kept);
  }

  async #captureNow(): Promise<void> {
    const { store, channel, guests, promises } = this.#parts;
    const owned = guests().filter(({ guest, owned: isOwned, phase }) => {
      const promise = promises().get(guest);
      // While it is being started, the newest definition may still be on its way into the hypervisor.
      const isReady = isOwned && phase !== "starting" && phase !== "claiming";
      return isReady && promise !== undefined && needsDefinition(promise) && store.get(guest)?.applied !== false;
    });
    if (owned.length === 0) return;
    const texts = await this.#definitionsOf(owned.map(({ guest }) => guest));
    for (const { guest, claim } of owned) {
      const xml = texts.get(guest);
      const epoch = claim?.epoch ?? 0;
      const before = store.get(guest);
      if (xml === undefined || (before?.xml === xml && before.epoch === epoch)) continue;
      const uuid = uuidOf(xml);
      if (uuid === undefined) continue;
      const kept = { guest, uuid, epoch, xml, applied: true };
      if (await store.offer(kept, true)) channel.broadcastNotice(noticeOf(kept));
    }
  }

  /** Inactive definitions, as the hypervisors have them: one call for each hypervisor. */
  async #definitionsOf(guests: readonly GuestId[]): Promise<ReadonlyMap<GuestId, string>> {
    const placed = await Promise.all(
      guests.map(async (guest) => ({ guest, hypervisor: await this.#parts.hypervisorOf(guest) })),
    );
    const groups = Map.groupBy(placed, ({ hypervisor }) => hypervisor);
    const answers = await Promise.all(
      [...groups].map(([hypervisor, named]) =>
        hypervisor.domainXml(
          named.map(({ guest }) => guest),
          "inactive",
        ),
      ),
    );
    return new Map(answers.flatMap(({ texts }) => [...texts]));
  }

  #answer(from: HostId, guests: readonly GuestId[]): void {
    const owed = this.#owed.get(from);
    const named = owed ?? new Set<GuestId>();
    for (const guest of guests) if (this.#parts.store.get(guest) !== undefined) named.add(guest);
    if (owed !== undefined) return;
    this.#owed.set(from, named);
    void this.#send(from, named);
  }

  /** In portions, with time to read them: what waits for a host is bounded, and a definition that falls out is lost. */
  async #send(to: HostId, named: Set<GuestId>): Promise<void> {
    let chars = 0;
    // What is asked for meanwhile is added at the end.
    for (const guest of named) {
      named.delete(guest);
      const kept = this.#parts.store.get(guest);
      if (kept === undefined) continue;
      const sent = this.#parts.channel.sendNotice(to, noticeOf(kept));
      if (sent.kind === "dropped" && sent.reason !== "oversize") break;
      chars += kept.xml.length;
      if (chars < portionChars) continue;
      chars = 0;
      await delay(portionMs, undefined, { ref: false });
    }
    this.#owed.delete(to);
  }
}

/** Whether the promise leaves open what the guest is. */
export function needsDefinition(promise: GuestPromise): boolean {
  return promise.resources.spec === undefined && !canBeBuilt(promise);
}

function noticeOf({ guest, uuid, epoch, xml }: KeptDefinition): AgentNotice {
  return { kind: "definition", guest, uuid, epoch, xml };
}

function defines(xml: string, guest: GuestId, uuid: string): boolean {
  const parse = parseXml(xml);
  if (!parse.ok || parse.root.name !== "domain") return false;
  const name = descend(parse.root, "name");
  return name !== undefined && textOf(name) === guest && uuidOf(xml) === uuid;
}

function uuidOf(xml: string): string | undefined {
  const parse = parseXml(xml);
  const uuid = parse.ok ? descend(parse.root, "uuid") : undefined;
  return uuid === undefined ? undefined : normalUuid(textOf(uuid));
}
