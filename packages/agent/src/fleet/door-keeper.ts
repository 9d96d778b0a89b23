import { reasonOf } from "../agent-error.ts";
import { FileWatch } from "./file-watch.ts";
import { fleetPaths } from "./fleet-files.ts";
import { JoinListener, type JoinListenerParts } from "./join-listener.ts";
import { isDoorNeeded, readTokens, type TokenRecord } from "./token-book.ts";

/** Between two tries to open a door that would not open: another program has the port, or the address is not there yet. */
const retryMs = 5_000;

/** What the keeper of the door needs beside the door's own parts. */
export interface DoorKeeperParts extends JoinListenerParts {
  readonly onProblem: (text: string) => void;
  readonly onState: (isOpen: boolean) => void;
}

/** Opens the door while tokens are, and shuts it when the last one is used, revoked or expired. */
export class DoorKeeper {
  readonly #parts: DoorKeeperParts;
  readonly #watch: FileWatch;
  #tokens: readonly TokenRecord[] = [];
  #door: JoinListener | undefined;
  #work: Promise<void> = Promise.resolve();
  #isBusy = false;
  #notBeforeMs = 0;

  constructor(parts: DoorKeeperParts) {
    this.#parts = parts;
    this.#watch = new FileWatch(fleetPaths(parts.stateDir).tokens);
  }

  /** Where the door is; empty while it is shut. */
  get addresses(): readonly string[] {
    return this.#door?.addresses ?? [];
  }

  /** Looks at the tokens. `canSign`: this host has the fleet key, so it can let somebody in. */
  look(canSign: boolean): void {
    if (this.#watch.hasChanged()) this.#readTokens();
    const isNeeded = canSign && isDoorNeeded(this.#tokens, (this.#parts.nowMs ?? Date.now)());
    if (this.#isBusy || isNeeded === (this.#door !== undefined)) return;
    if (isNeeded && performance.now() < this.#notBeforeMs) return;
    this.#isBusy = true;
    this.#work = (isNeeded ? this.#open() : this.#shut()).finally(() => {
      this.#isBusy = false;
    });
  }

  async stop(): Promise<void> {
    await this.#work;
    await this.#shut();
  }

  #readTokens(): void {
    try {
      this.#tokens = readTokens(this.#parts.stateDir);
    } catch (error) {
      this.#tokens = [];
      this.#parts.onProblem(`no token is accepted: ${reasonOf(error)}`);
    }
  }

  async #open(): Promise<void> {
    const door = new JoinListener(this.#parts);
    try {
      await door.start();
      this.#door = door;
      this.#parts.onState(true);
    } catch (error) {
      this.#notBeforeMs = performance.now() + retryMs;
      this.#parts.onProblem(reasonOf(error));
    }
  }

  async #shut(): Promise<void> {
    const door = this.#door;
    if (door === undefined) return;
    this.#door = undefined;
    await door.stop();
    this.#parts.onState(false);
  }
}
