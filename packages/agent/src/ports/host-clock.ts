import type { Now } from "@berth/claims";

/** The two clocks of this machine. */
export interface HostClock {
  /**
   * One reading of both, once per handler.
   * @throws AgentError CLOCK_UNUSABLE when a clock went backwards: no deadline can be trusted, so the process must end
   */
  now(): Now;
}
