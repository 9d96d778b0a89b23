/** deploy/set-up.sh on a root of its own (DESTDIR): nothing of this machine is touched, and nothing is started. */
import { execFile, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const launcher = `${checkout}/packages/cli/bin/berth.js`;
const hookInFolder = "/etc/libvirt/hooks/qemu.d/50-berth";
const hookAlone = "/etc/libvirt/hooks/qemu";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-set-up-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe("deploy/set-up.sh", () => {
  it("puts units, hook, folders, command and a configuration in place, and says what comes next", () => {
    const { status, output } = setUp();
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(filesBelow(root)).toEqual([
      "/etc/berth/config.yaml",
      hookInFolder,
      "/etc/systemd/system/berth-agent.path",
      "/etc/systemd/system/berth-agent.service",
      "/etc/systemd/system/berth-dead-man.service",
      "/usr/local/bin/berth",
    ]);
    expect(output).toContain("berth fleet init");
    expect(statSync(join(root, "/var/lib/berth")).mode & 0o777).toBe(0o700);
    expect(read("/etc/systemd/system/berth-agent.service")).toContain(`ExecStart=${launcher} agent`);
    expect(filesBelow(root).filter((path) => read(path).includes("@BERTH@"))).toEqual([]);
  });

  it("changes nothing when it runs again, and keeps a configuration that somebody edited", () => {
    setUp();
    writeFileSync(join(root, "/etc/berth/config.yaml"), "classes: [rack_b]\n");
    const { status, output } = setUp();
    expect(status).toBe(0);
    expect(output).not.toMatch(/^(wrote|made)/m);
    expect(read("/etc/berth/config.yaml")).toBe("classes: [rack_b]\n");
  });

  it("leaves somebody else's hook beside its own where libvirt asks a folder of them", () => {
    write(hookAlone, "#!/bin/sh\nexit 0\n");
    expect(setUp().status).toBe(0);
    expect(read(hookAlone)).toBe("#!/bin/sh\nexit 0\n");
    expect(existsSync(join(root, hookInFolder))).toBe(true);
  });

  it("installs the one hook that an older libvirt asks, and never over somebody else's", () => {
    expect(setUp({ BERTH_LIBVIRT_VERSION: "6.4.0" }).status).toBe(0);
    expect(read(hookAlone)).toContain(`"${launcher}" hook qemu "$@"`);
    write(hookAlone, "#!/bin/sh\nexit 0\n");
    const { status, output } = setUp({ BERTH_LIBVIRT_VERSION: "6.4.0" });
    expect({ status, output }).toMatchObject({ status: 1, output: expect.stringContaining("is not ours") });
    expect(read(hookAlone)).toBe("#!/bin/sh\nexit 0\n");
  });

  it("takes away what it made and leaves configuration, policy and state", () => {
    setUp();
    write("/var/lib/berth/host.key", "key");
    write("/etc/libvirt/hooks/qemu.d/10-other", "#!/bin/sh\nexit 0\n");
    expect(setUp({}, "uninstall").status).toBe(0);
    expect(filesBelow(root)).toEqual([
      "/etc/berth/config.yaml",
      "/etc/libvirt/hooks/qemu.d/10-other",
      "/var/lib/berth/host.key",
    ]);
  });

  it("does not leave a host that still owns guests unless it is told twice", () => {
    setUp();
    write("/var/lib/berth/owned-guests", '["web1"]\n');
    const { status, output } = setUp({}, "uninstall");
    expect({ status, output }).toMatchObject({ status: 1, output: expect.stringContaining("berth drain") });
    expect(existsSync(join(root, "/etc/systemd/system/berth-dead-man.service"))).toBe(true);
    expect(setUp({}, "uninstall", "--force").status).toBe(0);
  });
});

describe("the units", () => {
  const unit = (name: string) => readFileSync(`${checkout}/deploy/systemd/${name}.service`, "utf8");

  it("are units that systemd accepts", async (context) => {
    if (!existsSync("/usr/bin/systemd-analyze")) context.skip("systemd-analyze is not installed on this machine");
    setUp();
    const folder = join(root, "/etc/systemd/system");
    const paths = readdirSync(folder).map((name) => join(folder, name));
    const { stderr } = await promisify(execFile)("systemd-analyze", ["verify", ...paths]);
    expect(stderr).toBe("");
  });

  it("end the agent before libvirt-guests at shutdown, and the dead-man after it", () => {
    expect(unit("berth-agent")).toMatch(/^After=libvirt-guests\.service$/m);
    expect(unit("berth-dead-man")).toMatch(/^Before=.*libvirt-guests\.service/m);
  });

  it("start libvirt only once the dead-man has polled, and end a dead-man that is silent, also one that is stopped", () => {
    const text = unit("berth-dead-man");
    expect(text).toMatch(/^Before=libvirtd\.service virtqemud\.service/m);
    expect(text).toMatch(/^Type=notify$/m);
    expect(text).toMatch(/^WatchdogSec=/m);
    // SIGABRT would wait in a stopped process for ever.
    for (const name of ["berth-agent", "berth-dead-man"]) expect(unit(name)).toMatch(/^WatchdogSignal=SIGKILL$/m);
  });

  it("never end the dead-man because the agent ends", () => {
    expect(unit("berth-dead-man")).not.toMatch(/^(PartOf|BindsTo|Requires|Requisite|StopPropagatedFrom)=/m);
    expect(unit("berth-agent")).not.toMatch(/^(Conflicts|PropagatesStopTo|RefuseManualStart)=/m);
    for (const name of ["berth-agent", "berth-dead-man"]) {
      expect(unit(name)).toMatch(/^RuntimeDirectoryPreserve=yes$/m);
    }
  });

  it("start the agent once a fleet is there, and let it be stopped afterwards", () => {
    const path = readFileSync(`${checkout}/deploy/systemd/berth-agent.path`, "utf8");
    expect(path).toMatch(/^PathChanged=\/var\/lib\/berth\/fleet\.json$/m);
    // PathExists would start it again at once.
    expect(path).not.toMatch(/^PathExists=/m);
  });

  it("let Node compile", () => {
    for (const name of ["berth-agent", "berth-dead-man"]) expect(unit(name)).not.toMatch(/^MemoryDenyWriteExecute=/m);
  });
});

describe("libvirt's hook", () => {
  it("asks only before a guest starts, and only on a host of a fleet", () => {
    const state = join(root, "state");
    const place = join(root, "berth");
    write("/berth/packages/cli/bin/berth.js", '#!/bin/sh\necho "asked: $*"; cat\nexit 1\n', 0o755);
    const text = readFileSync(`${checkout}/deploy/libvirt-hook.sh`, "utf8").replaceAll("@BERTH@", place);
    write("/hook", text, 0o755);
    const hook = (operation: string) =>
      spawnSync(join(root, "hook"), ["web1", operation, "begin", "-"], {
        env: { ...process.env, BERTH_STATE_DIR: state, BERTH_RUN_DIR: join(root, "run") },
        input: "<domain/>",
        encoding: "utf8",
      });
    expect(hook("prepare").status).toBe(0);
    write("/state/fleet.json", "{}");
    for (const operation of ["start", "started", "stopped", "release", "reconnect"]) {
      expect(hook(operation)).toMatchObject({ status: 0, stdout: "" });
    }
    expect(hook("prepare")).toMatchObject({ status: 1, stdout: "asked: hook qemu web1 prepare begin -\n<domain/>" });
    // What a living agent says that it starts is not asked about; a dead one's word counts for nothing.
    write("/run/own-starts", `${process.pid}\nweb1\n`);
    expect(hook("prepare")).toMatchObject({ status: 0, stdout: "" });
    write("/run/own-starts", `${process.pid}\nweb10\n`);
    expect(hook("prepare").status).toBe(1);
    write("/run/own-starts", "4194305\nweb1\n");
    expect(hook("prepare").status).toBe(1);
    rmSync(place, { recursive: true });
    expect(hook("prepare").status).toBe(0);
  });
});

function setUp(environment: Readonly<Record<string, string>> = {}, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(`${checkout}/deploy/set-up.sh`, args, {
    env: { ...process.env, BERTH_LIBVIRT_VERSION: "9.0.0", ...environment, DESTDIR: root },
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text, { mode });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .sort();
}
