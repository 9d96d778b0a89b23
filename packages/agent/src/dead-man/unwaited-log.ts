/**
 * Lines for the log that are never waited for. Node writes to pipes and sockets synchronously, so a log daemon that hangs
 * would stop whoever logs to it once the buffer between them is full; the dead-man must outlive that. Here one write at a
 * time is under way on a thread of its own, and what does not fit in the queue is counted and dropped.
 */
import { write } from "node:fs";

/** Lines kept for a reader that is slow. @default 500: minutes of ordinary life, some tens of KiB */
const linesMost = 500;

/** A log on a file descriptor. */
export class UnwaitedLog {
  readonly #fd: number;
  #waiting: string[] = [];
  #dropped = 0;
  #writing = false;
  #onDrained: (() => void)[] = [];

  constructor(init: { readonly fd: number }) {
    this.#fd = init.fd;
  }

  line(text: string): void {
    if (this.#waiting.length >= linesMost) this.#dropped += 1;
    else this.#waiting.push(`${text}\n`);
    if (!this.#writing) this.#writeNext();
  }

  /** Waits until everything is written, `ms` at most. */
  async drained(ms: number): Promise<void> {
    if (!this.#writing) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onDrained.push(resolve);
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }

  #writeNext(): void {
    if (this.#dropped > 0 && this.#waiting.length < linesMost) {
      this.#waiting.push(`warning LOG_DROPPED ${this.#dropped} lines could not be written\n`);
      this.#dropped = 0;
    }
    const bytes = Buffer.from(this.#waiting.join(""));
    this.#waiting = [];
    this.#writing = bytes.length > 0;
    if (this.#writing) this.#write(bytes);
    else for (const resolve of this.#onDrained.splice(0)) resolve();
  }

  #write(bytes: Buffer): void {
    write(this.#fd, bytes, (error, written) => {
      // A reader that went away is no reason to stop: those lines are lost.
      if (error === null && written < bytes.length) this.#write(bytes.subarray(written));
      else this.#writeNext();
    });
  }
}
