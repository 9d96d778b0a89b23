import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What cf-promises says of one policy. */
export interface Verdict {
  readonly accepted: boolean;
  /** Everything it printed. */
  readonly output: string;
}

/** cf-promises runs for a few hundredths of a second; two at a time keep both cores of a small machine busy. */
const runsAtOnce = 2;

/**
 * Asks cf-promises about every policy.
 *
 * @param folder an empty folder for the policy files
 * @returns verdicts in the order of the policies
 */
export async function askCfPromises(folder: string, policies: readonly string[]): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < policies.length; index = next++) {
      verdicts[index] = await askOne(join(folder, `p${index}.cf`), policies[index] ?? "");
    }
  };
  await Promise.all(Array.from({ length: runsAtOnce }, worker));
  return verdicts;
}

async function askOne(path: string, policy: string): Promise<Verdict> {
  await writeFile(path, policy, { mode: 0o600 });
  return await new Promise((resolve, reject) => {
    execFile("/usr/bin/cf-promises", ["-f", path], { timeout: 20_000 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      if (typeof status !== "number") reject(new Error(`cf-promises did not finish on ${path}`, { cause: error }));
      else resolve({ accepted: status === 0, output: stdout + stderr });
    });
  });
}
