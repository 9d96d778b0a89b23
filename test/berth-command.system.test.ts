/** The command as a process, on a real libvirtd: what it did is asked of virsh. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "node-libvirt";
import { describe, expect, it, onTestFinished } from "vitest";
import { startTestDriverLibvirtd } from "./support/libvirtd.ts";

const launcher = fileURLToPath(new URL("../packages/cli/bin/berth.js", import.meta.url));

const policyText = `bundle agent main
{
vars:
  "web" slist => { "web1", "web2" };

guest_environments:
  "$(web)"
    environment_resources => small("$(this.promiser)"),
    environment_type => "test",
    environment_host => "any",
    environment_state => "create";
}

body environment_resources small(name)
{
  env_spec => "<domain type='test'><name>$(name)</name><memory>65536</memory><os><type>hvm</type></os></domain>";
}
`;

describe("berth converge, as a process on libvirt", () => {
  it("starts what is promised, shows it, and has nothing to do or say afterwards", async () => {
    const folder = mkdtempSync(join(tmpdir(), "berth-process-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await using host = await startTestDriverLibvirtd();
    // The test driver forgets everything when its last connection ends.
    await using _connection = await connect(host.testUri());
    const policy = join(folder, "site.cf");
    writeFileSync(policy, policyText);
    const here = ["--uri", `test=${host.testUri()}`, "--state-dir", join(folder, "state")];
    const berth = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(launcher, [...args, ...here], { encoding: "utf8" });
      return { status, stdout, stderr };
    };

    expect(berth("plan", policy, "--detailed-exitcode")).toMatchObject({ status: 2, stderr: "" });
    expect(await host.virsh("list", "--name", "--all")).not.toContain("web1");
    expect(berth("converge", "-f", policy, "-KI").stderr).toContain("info: start web2: ");
    expect((await host.virsh("list", "--name")).split("\n")).toEqual(expect.arrayContaining(["web1", "web2"]));
    expect(berth("converge", policy)).toEqual({ status: 0, stdout: "", stderr: "" });

    await host.virsh("destroy", "web1");
    expect(berth("get", "guests", "web1", "-f", policy, "--no-headers").stdout).toMatch(
      /^web1 +test +shutoff +create /,
    );
    expect(berth("plan", policy).stdout).toMatch(/^NAME .*\nweb1 +start web1 +live +\S.*\n$/);
    expect(berth("converge", policy)).toMatchObject({ status: 0, stderr: "" });
    expect(await host.virsh("domstate", "web1")).toBe("running");
  });
});
