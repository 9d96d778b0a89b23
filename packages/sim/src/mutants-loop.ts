import { type Mutant, mutant } from "./mutant.ts";

/** Weakenings of the loop around the core: the order of a batch, and what a driver must not do. */
export const loopMutants: readonly Mutant[] = [
  mutant(
    { name: "send-before-persist", weakens: "answers leave before their records are on the disk", seeds: 400 },
    { loop: { sendsBeforePersist: true } },
  ),
  mutant(
    { name: "resume-after-deadline", weakens: "a resume is carried out although its time has passed", seeds: 400 },
    { loop: { ignoresNotAfter: true } },
  ),
  mutant(
    { name: "feed-not-written", weakens: "guests are resumed before the dead-man knows of them", seeds: 200 },
    { loop: { feedsLate: true } },
  ),
  mutant(
    {
      name: "wiped-voter-keeps-its-name",
      weakens: "a voter whose disk was wiped answers under its old identity",
      seeds: 400,
    },
    { wipedVoterKeepsName: true },
  ),
];
