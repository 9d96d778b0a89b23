/** What a pass costs inside a process that stays: the agent's case, without starting Node and opening connections. */
import { BerthHost } from "@berth/agent";
import { defaultConfig } from "@berth/agent/config/berth-config";
import type { Fleet } from "./fleet.ts";
import { median } from "./process.ts";

/** Seconds, medians over the same number of runs, one after the other on the same daemon. */
export interface WarmTimes {
  readonly passSeconds: number;
  readonly bulkStatsSeconds: number;
}

/** Times a pass with nothing to do beside the one bulk call that it cannot do without. */
export async function measureWarmPass(
  fleet: Fleet,
  policy: string,
  stateDir: string,
  runs: number,
): Promise<WarmTimes> {
  const config = { ...defaultConfig, uris: { test: fleet.uri }, stateDir };
  await using host = new BerthHost({ config });
  const pass = async (): Promise<void> => {
    const { counts } = await host.converge({ files: [policy], ignoreLocks: true });
    if (counts.kept !== fleet.count) throw new Error(`not a pass with nothing to do: ${JSON.stringify(counts)}`);
  };
  const stats = async (): Promise<void> => {
    await fleet.connection.domains.allStats({ state: true });
  };
  // The first passes fill caches and let the compiler learn.
  for (let run = 0; run < 3; run += 1) {
    await pass();
    await stats();
  }
  const passTimes: number[] = [];
  const statsTimes: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    passTimes.push(await secondsOf(pass));
    statsTimes.push(await secondsOf(stats));
  }
  return { passSeconds: median(passTimes), bulkStatsSeconds: median(statsTimes) };
}

async function secondsOf(action: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await action();
  return (performance.now() - began) / 1000;
}
