import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs policies with cf-agent in a working directory of its own, so that nothing of this machine's CFEngine is touched. */
export class CfAgent {
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  #runs = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#environment = { ...process.env, CFENGINE_TEST_OVERRIDE_WORKDIR: folder };
  }

  /** @param folder an empty folder */
  static async prepare(folder: string): Promise<CfAgent> {
    const agent = new CfAgent(folder);
    await mkdir(join(folder, "bin"));
    await mkdir(join(folder, "ppkeys"), { mode: 0o700 });
    await symlink("/usr/bin/cf-promises", join(folder, "bin", "cf-promises"));
    await run("/usr/bin/cf-key", [], { env: agent.#environment });
    return agent;
  }

  /** The texts that the policy's reports print, in order. */
  async reportsOf(policy: string): Promise<readonly string[]> {
    const path = join(this.#folder, `policy${this.#runs++}.cf`);
    await writeFile(path, policy, { mode: 0o600 });
    const { stdout } = await run("/usr/bin/cf-agent", ["-K", "-f", path], { env: this.#environment, timeout: 20_000 });
    const lines = stdout.split("\n").filter((line) => line.startsWith("R: "));
    return lines.map((line) => line.slice("R: ".length));
  }
}
