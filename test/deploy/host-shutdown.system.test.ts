/** deploy/host-shutdown.sh with stand-ins for systemctl, virsh and berth, which write down what they are asked. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const script = fileURLToPath(new URL("../../deploy/host-shutdown.sh", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-shutdown-"));
  for (const sub of ["deploy", "packages/cli/bin", "state", "path"]) mkdirSync(join(folder, sub), { recursive: true });
  copyFileSync(script, join(folder, "deploy/host-shutdown.sh"));
  standIn("path/virsh", 'case "$*" in *list*) printf "web1\\nother\\n" ;; esac');
  writeFileSync(join(folder, "state/owned-guests"), '["web1","web2"] 12345678\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A command that writes its words into `asked` and then does as told. */
function standIn(path: string, does: string): void {
  writeFileSync(join(folder, path), `#!/bin/sh\necho "\${0##*/} $*" >> "${folder}/asked"\n${does}\n`, { mode: 0o755 });
}

/** What was asked of the stand-ins, as the host is in `state` and Berth does as told. */
function run(verb: string, state: string, berth: string): string[] {
  writeFileSync(join(folder, "asked"), "");
  standIn("path/systemctl", `echo ${state}`);
  standIn("packages/cli/bin/berth.js", berth);
  const env = { PATH: `${join(folder, "path")}:${process.env.PATH}`, BERTH_STATE_DIR: join(folder, "state") };
  spawnSync(join(folder, "deploy/host-shutdown.sh"), [verb], { env, stdio: "ignore" });
  return readFileSync(join(folder, "asked"), "utf8").split("\n").filter(Boolean);
}

const marked = () => existsSync(join(folder, "state/drained-by-shutdown"));
const status = (own: boolean, other: boolean) => `case $1 in status) cat <<'END'
{
  "items": [
    {
      "draining": ${own},
      "hosts": [
        {
          "draining": ${other}
        }
      ]
    }
  ]
}
END
esac`;

describe("the last act of the agent's unit", () => {
  test("does nothing where only the agent is stopped", () => {
    expect(run("leave", "running", "")).toEqual(["systemctl is-system-running"]);
  });

  test("drains a host that goes down, and takes that back after the boot, once", () => {
    expect(run("leave", "stopping", status(false, true)).at(-1)).toMatch(/^berth.js drain --anyway --wait/);
    expect(marked()).toBe(true);
    expect(run("back", "running", "")).toEqual(["berth.js undrain"]);
    expect(run("back", "running", "")).toEqual([]);
  });

  test("leaves a host drained that a person drained", () => {
    run("leave", "stopping", status(true, false));
    expect(marked()).toBe(false);
  });

  test("tries again at the next start where the host could not be taken back", () => {
    run("leave", "stopping", status(false, false));
    run("back", "running", "exit 1");
    expect(marked()).toBe(true);
  });

  test("switches off what is left of its own guests, and nobody else's", () => {
    const asked = run("leave", "stopping", "case $1 in drain) exit 1 ;; esac").filter((line) =>
      line.includes("destroy"),
    );
    expect(asked).toEqual(["virsh -q -c qemu:///system destroy --graceful web1"]);
  });
});
