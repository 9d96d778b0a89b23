import { reportFailover } from "./measure-failover.ts";
import { reportMessages } from "./measure-messages.ts";
import { reportOutages } from "./measure-outages.ts";
import { reportOutside } from "./measure-outside.ts";
import { reportSpeed } from "./measure-speed.ts";
import { reportStart } from "./measure-start.ts";

const measurements: Readonly<Record<string, (say: (line: string) => void) => boolean>> = {
  failover: (say) => reportFailover(say),
  start: (say) => reportStart(say),
  outages: (say) => reportOutages(say),
  messages: (say) => reportMessages(say),
  outside: (say) => reportOutside(say),
  speed: (say) => reportSpeed(say),
};

/** What can be measured, by name. */
export const measurementNames = Object.keys(measurements);

/** Runs one measurement or all. @returns the exit code: 1 when a target is missed, 64 for an unknown name */
export function measure(name: string, say: (line: string) => void): number {
  const chosen = name === "all" ? measurementNames : [name];
  let code = 0;
  for (const each of chosen) {
    const report = measurements[each];
    if (report === undefined) {
      say(`there is no measurement "${each}"; there are ${measurementNames.join(", ")}`);
      return 64;
    }
    if (!report(say)) code = 1;
    say("");
  }
  return code;
}
