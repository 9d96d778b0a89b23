import type { Configuration, HostId, OperatorCommand, Voter } from "@berth/claims";
import type { MemberDocument } from "./member-document.ts";
import { chooseVoters } from "./voter-choice.ts";

/** A choice must stay the same this long: hosts that start together are heard one after the other. Milliseconds. */
const settleMs = 3_000;
/** Between two wishes: a change copies registers to all new voters, and may meet another one. Milliseconds. */
const pauseMs = 15_000;

/** What the keeper of the voters needs. */
export interface VoterKeeperParts {
  readonly members: () => MemberDocument;
  readonly config: () => Configuration;
  /** Hosts that are heard now, this one included. */
  readonly up: () => ReadonlySet<HostId>;
  readonly operate: (command: OperatorCommand) => void;
  readonly onWish: (text: string) => void;
}

/** Asks the protocol for another set of voters when the list calls for one. Runs where the fleet key is. */
export class VoterKeeper {
  readonly #parts: VoterKeeperParts;
  #wished = "";
  #sinceMs = 0;
  #notBeforeMs = 0;

  constructor(parts: VoterKeeperParts) {
    this.#parts = parts;
  }

  /** One look; `nowMs` is of a monotonic clock. */
  look(nowMs: number): void {
    const { members, config, up, operate, onWish } = this.#parts;
    const voters = chooseVoters({ members: members(), config: config(), up: up() });
    const wished = voters === undefined ? "" : voters.map(({ voter }) => voter).join();
    if (wished !== this.#wished) {
      this.#wished = wished;
      this.#sinceMs = nowMs;
    }
    if (voters === undefined || nowMs - this.#sinceMs < settleMs || nowMs < this.#notBeforeMs) return;
    this.#notBeforeMs = nowMs + pauseMs;
    onWish(`the voters shall be ${names(voters)} instead of ${names(config().voters)}`);
    operate({ kind: "change-voters", voters });
  }
}

function names(voters: readonly Voter[]): string {
  return voters.map(({ host }) => host).join(", ");
}
