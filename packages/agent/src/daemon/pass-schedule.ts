import { reasonOf } from "../agent-error.ts";
import type { PassReport } from "../pass-report.ts";

/** What is scheduled. */
export interface PassScheduleComponents {
  /** One pass; undefined when there was nothing to go by. */
  readonly run: () => Promise<PassReport | undefined>;
  readonly periodMs: number;
  /** A pass could not be made at all. */
  readonly failed: (reason: string) => void;
}

/** One pass at a time: when asked for, and from time to time. Asked for during one, another follows it. */
export class PassSchedule {
  readonly #parts: PassScheduleComponents;
  #running: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #last: PassReport | undefined;

  constructor(components: PassScheduleComponents) {
    this.#parts = components;
  }

  get last(): PassReport | undefined {
    return this.#last;
  }

  get running(): Promise<void> | undefined {
    return this.#running;
  }

  request(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#again = this.#running !== undefined;
    if (this.#again) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#again) this.request();
      else if (!this.#stopped) this.#timer = setTimeout(() => this.request(), this.#parts.periodMs);
    });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    try {
      this.#last = (await this.#parts.run()) ?? this.#last;
    } catch (error) {
      // A state folder that cannot be used, or a bug: the protocol goes on, and the next pass tries again.
      this.#parts.failed(reasonOf(error));
    }
  }
}
