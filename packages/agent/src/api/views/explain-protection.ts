/** Claim, lease, fence, dead-man, and what the hypervisor shows: has this host the right to run the guest, and does it? */
import type { ExplainStep } from "../answers.ts";
import { itemsOf } from "./fleet-guests.ts";
import { shortDuration } from "./hearing.ts";
import { ownerState } from "./owner-state.ts";
import type { Question } from "./question.ts";

/** The questions about the right to run, in the order in which the protocol asks them. */
export function explainProtection(question: Question): ExplainStep[] {
  const executes = executionStep(question);
  if (question.known?.promise === undefined) return [executes];
  return [claimStep(question), leaseStep(question), fenceStep(question), deadManStep(question), executes];
}

function claimStep({ known, on, heard }: Question): ExplainStep {
  const check = "claim";
  const claim = known?.claim;
  const own = on.self && known?.view !== undefined ? ` (${known.view.phase}: ${known.view.reason})` : "";
  if (claim === undefined) return { check, verdict: "no", text: `nobody has claimed it yet${own}` };
  const { owner, epoch, next } = claim.claim;
  const gossip = known?.said.some(({ advert }) => advert.mode === "gossip") === true;
  const granted = gossip
    ? "; gossip mode: its host granted that to itself, so another side of a partition may run it too"
    : "";
  if (owner === on.host) return { check, verdict: "yes", text: `${on.host} owns it, epoch ${epoch}${granted}` };
  if (owner === null) {
    const turn = next === undefined ? "" : `; it is ${next}'s turn`;
    return { check, verdict: "no", text: `it was released at epoch ${epoch}${turn}${own}` };
  }
  const silence = heard.get(owner)?.silence ?? "";
  const state = silence === "" ? ` (${ownerState(owner, heard)})` : `; ${silence}`;
  return { check, verdict: "no", text: `${owner} owns it, epoch ${epoch}${state}` };
}

function leaseStep({ on, snapshot }: Question): ExplainStep {
  const check = "lease";
  if (on.self) {
    const { leaseRemainingMs, votersHeard, votersNeeded } = snapshot.claims;
    const voters = `${votersHeard} voter${votersHeard === 1 ? "" : "s"} answered lately, ${votersNeeded} needed`;
    if (leaseRemainingMs <= 0) return { check, verdict: "no", text: `this host has no lease: ${voters}` };
    return { check, verdict: "yes", text: `${(leaseRemainingMs / 1000).toFixed(1)} s of lease are left; ${voters}` };
  }
  if (!on.heard || on.advert === undefined)
    return { check, verdict: "unknown", text: `whether ${on.host} has a lease is not known` };
  const { leased } = on.advert;
  return { check, verdict: leased ? "yes" : "no", text: `${on.host} says that it has ${leased ? "a" : "no"} lease` };
}

/** A guest moves from a silent owner only over a fence; who is fenced takes everything down before it comes back. */
function fenceStep({ on, known, snapshot, heard }: Question): ExplainStep {
  const check = "fence";
  const claim = known?.claim?.claim;
  const owner = claim?.owner ?? null;
  const silent = owner === null || owner === on.host ? undefined : heard.get(owner);
  if (silent !== undefined && !silent.heard && claim !== undefined) {
    return {
      check,
      verdict: "no",
      text: `incarnation ${claim.inc} of ${owner} must be fenced first, and the voters do that only once its lease has run out`,
    };
  }
  const past = known?.said.find(({ origin, advert }) => origin === on.host && advert.owner === on.host)?.advert;
  if (
    past !== undefined &&
    claim !== undefined &&
    owner !== on.host &&
    past.mode === "quorum" &&
    past.epoch < claim.epoch
  ) {
    return {
      check,
      verdict: "no",
      text: `it was claimed at epoch ${claim.epoch} after ${on.host} had it at ${past.epoch}: ${on.host} was fenced or gave it up, and its dead-man stops what is left`,
    };
  }
  const inc = on.self ? snapshot.claims.inc : on.advert?.inc;
  if (inc === undefined) return { check, verdict: "unknown", text: `the incarnation of ${on.host} is not known` };
  if (owner === on.host && claim !== undefined && claim.inc < inc) {
    return {
      check,
      verdict: "no",
      text: `the claim belongs to incarnation ${claim.inc}; ${on.host} is ${inc} by now and must claim again`,
    };
  }
  return { check, verdict: "yes", text: `${on.host} is in its incarnation ${inc}` };
}

function deadManStep({ on, snapshot }: Question): ExplainStep {
  const check = "dead-man";
  if (!on.self) return { check, verdict: "unknown", text: `the dead-man of ${on.host} speaks to its own agent only` };
  const { sign, heartbeat } = snapshot.deadMan;
  if (sign !== "alive")
    return { check, verdict: "no", text: `the dead-man is ${sign}: without it no guest is started or resumed` };
  if (heartbeat?.expired === true)
    return { check, verdict: "no", text: "the dead-man's deadline has passed: it stops what is protected" };
  return { check, verdict: "yes", text: "the dead-man watches and has a deadline ahead" };
}

function executionStep({ known, on, snapshot, heard, guest }: Question): ExplainStep {
  const check = "execution";
  const copy = known && itemsOf(known, snapshot, heard).find(({ host }) => host === on.host);
  if (!on.heard) return { check, verdict: "unknown", text: on.silence };
  if (copy === undefined) return { check, verdict: "no", text: `${on.host} has no copy of it that runs or is claimed` };
  if (copy.state === "unknown")
    return { check, verdict: "unknown", text: copy.state_reason ?? "nothing was heard of it" };
  const twice = copy.duplicate ? "; the same UUID runs on another host as well" : "";
  const age = on.self ? "" : `, heard ${shortDuration(on.ageMs ?? 0)} ago`;
  const verdict = copy.state === "running" ? "yes" : "no";
  const why = copy.state === "running" || !on.self || copy.here === null ? "" : `: ${copy.here.reason}`;
  return { check, verdict, text: `${guest} is ${copy.state} on ${on.host}${age}${twice}${why}` };
}
