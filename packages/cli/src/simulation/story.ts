/** What happened, in words, on one time axis: commands, what the hypervisors did, and what the agents said. */
import { monotonicMs } from "@berth/agent/adapters/embedded/execution-journal";
import type { AgentTold } from "./agent-watch.ts";
import type { Recorded } from "./recorder.ts";
import type { StoryLine } from "./simulation-status.ts";

/** Lines that are kept; older ones are forgotten. */
const linesMost = 2_000;

/** What the hypervisors' journals, or the command itself, tell more exactly. */
const toldBetter: ReadonlySet<string> = new Set(["GUEST_STARTED", "GUEST_RESUMED", "OPERATOR"]);

/** Collects the lines. */
export class Story {
  readonly #beganMs = monotonicMs();
  readonly #wallOffsetMs = Date.now() - monotonicMs();
  readonly #listener: (line: StoryLine) => void;
  readonly #lines: StoryLine[] = [];
  readonly #seenRuns = new Set<string>();

  constructor(components: { readonly onLine: (line: StoryLine) => void }) {
    this.#listener = components.onLine;
  }

  get upMs(): number {
    return monotonicMs() - this.#beganMs;
  }

  /** In the order in which they happened. */
  get lines(): readonly StoryLine[] {
    return this.#lines.toSorted((left, right) => left.atMs - right.atMs);
  }

  /** Something that somebody did to the simulation. */
  command(text: string): void {
    this.#add({ atMs: this.upMs, who: "you", text, weight: "cause" });
  }

  /** Something that the simulation saw by itself. */
  notice(who: string, text: string, weight: StoryLine["weight"] = "alarm"): void {
    this.#add({ atMs: this.upMs, who, text, weight });
  }

  recorded(entry: Recorded, powered: boolean): void {
    const { host, guest, ms } = entry;
    this.#add({
      atMs: ms - this.#beganMs,
      who: host,
      text: `${guest} ${this.#words(entry, powered)}`,
      weight: "effect",
    });
  }

  told(host: string, { at, level, code, text, guest }: AgentTold): void {
    if (toldBetter.has(code)) return;
    const atMs = Date.parse(at) - this.#wallOffsetMs - this.#beganMs;
    const about = guest === undefined || text.includes(guest) ? text : `${guest}: ${text}`;
    const weight = level === "alarm" ? "alarm" : "detail";
    this.#add({ atMs, who: host, text: `${about} [${code}]`, weight });
  }

  #words({ run, change }: Recorded, powered: boolean): string {
    switch (change) {
      case "executes": {
        const before = this.#seenRuns.has(run);
        this.#seenRuns.add(run);
        return before ? "resumed" : "runs here now";
      }
      case "suspended":
        return "paused";
      case "stopped":
        return powered ? "is off here" : "is gone with the power";
      case "killed":
        return "killed by the dead-man";
    }
  }

  #add(line: StoryLine): void {
    this.#lines.push(line);
    if (this.#lines.length > linesMost) this.#lines.shift();
    this.#listener(line);
  }
}
