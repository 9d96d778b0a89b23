/**
 * The two clocks of this machine: boot-time, which goes on while the machine sleeps, and monotonic, which stands still.
 *
 * At start both are read twice. They must have advanced alike, and boot-time must not be behind monotonic; then
 * differences of either mean what the protocol takes them to mean. How far boot-time is *ahead* says only how long the
 * machine has slept since boot. That is no fault: deadlines are pairs of readings, one on each clock, so that only
 * differences on the same clock are ever formed.
 */
import { uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { clocksUsable, type Now } from "@berth/claims";
import { AgentError } from "../agent-error.ts";
import type { HostClock } from "../ports/host-clock.ts";

/** How the clocks are read; replaced in tests only, where a machine cannot be put to sleep. Milliseconds. */
export interface ClockReadings {
  readonly bootMs: () => number;
  readonly monoMs: () => number;
}

/** `CLOCK_BOOTTIME` in ticks of 10 ms (Node has no finer one), and `CLOCK_MONOTONIC`. */
const kernelReadings: ClockReadings = {
  bootMs: () => uptime() * 1000,
  monoMs: () => Number(process.hrtime.bigint()) / 1e6,
};

/** Time between the two readings at start. @default 100: five times the tolerance, and not noticed at a start */
const checkMs = 100;
/** A sleep, or a stall of this process between its two readings, spoils a comparison; it hardly does so every time. */
const attempts = 5;

/**
 * Checks the clocks and hands them out. Takes a tenth of a second.
 * @throws AgentError CLOCK_UNUSABLE
 */
export async function openHostClock(readings: ClockReadings = kernelReadings): Promise<HostClock> {
  const read = (): Now => ({ bootMs: readings.bootMs(), monoMs: readings.monoMs() });
  let first = read();
  let second = first;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    first = read();
    await delay(checkMs);
    second = read();
    if (clocksUsable(first, second) && second.monoMs > first.monoMs && second.bootMs > first.bootMs)
      return new CheckedClock({ read });
  }
  throw new AgentError("CLOCK_UNUSABLE", disagreement(first, second), {
    remedy: "run the agent and its dead-man outside time namespaces, with the host's own /proc/uptime",
  });
}

function disagreement(first: Now, second: Now): string {
  const boot = (second.bootMs - first.bootMs).toFixed(0);
  const mono = (second.monoMs - first.monoMs).toFixed(0);
  const ahead = (second.bootMs - second.monoMs).toFixed(0);
  return (
    `the clocks of this machine disagree: in the same time boot-time advanced ${boot} ms and monotonic ${mono} ms; ` +
    `boot-time is ${ahead} ms ahead (it is never behind on a sound machine)`
  );
}

class CheckedClock implements HostClock {
  readonly #read: () => Now;
  #last: Now = { bootMs: 0, monoMs: 0 };

  constructor(components: { readonly read: () => Now }) {
    this.#read = components.read;
  }

  now(): Now {
    const now = this.#read();
    const last = this.#last;
    if (now.bootMs < last.bootMs || now.monoMs < last.monoMs) {
      const [before, after] = [last, now].map(({ bootMs, monoMs }) => `${bootMs} and ${monoMs} ms`);
      throw new AgentError(
        "CLOCK_UNUSABLE",
        `a clock went backwards: from ${before} (boot-time, monotonic) to ${after}`,
        {
          remedy: "look into the host's time source; no deadline can be kept with it",
        },
      );
    }
    this.#last = now;
    return now;
  }
}
