/**
 * Section 7 (3): the merged copy of a sealed majority comes in, page by page, and is activated as a whole. A voter that is
 * in both sets keeps what it has where that is newer: registers are acceptor states, and the higher ballot is always right.
 */
import type { Activate, ActivateReply, Install, InstallReply, SnapshotPage } from "../messages.ts";
import { after, type Now } from "../time.ts";
import type { Configuration } from "../words.ts";
import { mergeHost, mergeRegister } from "./merge.ts";
import type { VoterParts } from "./parts.ts";
import { pageKey, type VoterState } from "./state.ts";

/** Keeps one page durably. Nothing is believed yet. */
export function onInstall(parts: VoterParts, request: Install): InstallReply | undefined {
  const { state, outbox } = parts;
  if (!isForMe(parts, request.next)) return undefined;
  const { fleet, cfg, life, copy, pageNumber, page } = request;
  if (!isActiveFor(state, request.next)) {
    state.pages.set(pageKey(copy, pageNumber), page);
    outbox.persist({ kind: "voter-page", copy, pageNumber, value: page });
  }
  return { kind: "install-reply", fleet, cfg, life, voter: state.disk, copy, pageNumber };
}

/** Answers for C+1 from now on, with all pages of one copy, after a full quarantine. */
export function onActivate(parts: VoterParts, request: Activate, now: Now): ActivateReply | undefined {
  const { state, outbox, membership, rules } = parts;
  if (!isForMe(parts, request.next)) return undefined;
  const { fleet, cfg, life, copy, pageCount, next } = request;
  const head = { kind: "activate-reply", fleet, cfg, life, voter: state.disk, copy } as const;
  if (isActiveFor(state, next)) return { ...head, active: true };
  const pages = collectPages(state, copy, pageCount);
  if (pages === undefined) return { ...head, active: false };
  for (const page of pages) applyPage(parts, page);
  state.activeCfg = next.number;
  outbox.persist({ kind: "voter-active", value: { cfg: next.number } });
  forgetChange(parts);
  state.leases.clear();
  state.heard.clear();
  state.quarantineUntil = after(now, rules.quarantineMs(next));
  membership.adopt(next);
  outbox.note({
    level: "info",
    code: "VOTER_ACTIVATED",
    text: `answers for configuration ${next.number} after quarantine`,
  });
  return { ...head, active: true };
}

function isForMe({ state, rules }: VoterParts, next: Configuration): boolean {
  return rules.answersFor(state.disk, next);
}

function isActiveFor(state: VoterState, next: Configuration): boolean {
  return state.activeCfg !== undefined && state.activeCfg >= next.number;
}

function collectPages(state: VoterState, copy: string, pageCount: number): readonly SnapshotPage[] | undefined {
  const pages: SnapshotPage[] = [];
  for (let n = 0; n < pageCount; n += 1) {
    const page = state.pages.get(pageKey(copy, n));
    if (page === undefined) return undefined;
    pages.push(page);
  }
  return pages;
}

function applyPage({ state, outbox }: VoterParts, page: SnapshotPage): void {
  for (const { host, known } of page.hosts) {
    const value = mergeHost(state.hosts.get(host), known);
    state.hosts.set(host, value);
    outbox.persist({ kind: "voter-host", host, value });
  }
  for (const { guest, register } of page.registers) {
    const value = mergeRegister(state.registers.get(guest), register);
    state.registers.set(guest, value);
    outbox.persist({ kind: "voter-register", guest, value });
  }
}

/** The change is over: pages of all copies, the seal and the register of C+1 belong to the past. */
function forgetChange({ state, outbox }: VoterParts): void {
  for (const key of state.pages.keys()) {
    const cut = key.lastIndexOf("/");
    outbox.persist({
      kind: "voter-page",
      copy: key.slice(0, cut),
      pageNumber: Number(key.slice(cut + 1)),
      value: null,
    });
  }
  state.pages.clear();
  state.sealed = undefined;
  state.next = { promised: { n: 0, host: "", life: 0 } };
  outbox.persist({ kind: "voter-sealed", value: null });
  outbox.persist({ kind: "voter-next", value: null });
}
