/**
 * Real libvirtd daemons that belong to one test.
 *
 * Each lives in its own mount, net, uts, ipc and pid namespaces with its own `/etc/libvirt`, `/run`,
 * `/var/lib/libvirt`, so that many run side by side and none touches the machine's own. Its first process waits on a
 * pipe held by the test process. When that ends, even by SIGKILL, the pipe ends and the kernel takes down the whole
 * namespace: libvirtd, guests and dnsmasq with it. The socket is reached through `/proc/PID/root`.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const script = fileURLToPath(new URL("./private-host.sh", import.meta.url));

/** Kept between tests: what libvirt found out about the QEMU binary, which saves a second at each start. */
const sharedCache = join(tmpdir(), "berth-libvirt-cache");

/** What {@link PrivateLibvirtd.run} hands back. */
export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of a private libvirtd. */
export interface PrivateLibvirtdInit {
  /** Hostname of the private host. @default "berth-test" */
  readonly hostname?: string;
  /** More lines for `libvirtd.conf`, such as `max_client_requests = 5`. @default none */
  readonly daemonSettings?: readonly string[];
  /** @default a new one */
  readonly hostUuid?: string;
  /**
   * Folder that is this host's disk: `/etc/libvirt`, `/var/lib/libvirt`, `/etc/berth` and `/var/lib/berth` live in it and
   * outlast the host. Such a host has a boot id of its own. @default none: everything ends with the host
   */
  readonly keep?: string;
}

/** One private libvirtd. `await using` stops it at the end of the scope. */
export interface PrivateLibvirtd {
  /** Pid of the namespace's first process, as the machine sees it. */
  readonly pid: number;
  readonly hostname: string;
  readonly hostUuid: string;
  /** The daemon's read-write socket, usable from anywhere on the machine. */
  readonly socketPath: string;
  readonly readOnlySocketPath: string;
  /** `qemu:///system` through this socket, for Berth and for `virsh -c`. Not on a test-driver host. */
  qemuUri(): string;
  /** `test:///default` through this socket; all clients share its state while one connection is open. */
  testUri(): string;
  /** Any URI of this daemon, such as `lxc:///system`, through this socket. */
  uri(base: string): string;
  /** A path of the private host, such as `/var/lib/libvirt/images/a.img`, as the machine outside reaches it. */
  outsidePath(insidePath: string): string;
  /** Runs a command inside the private host. Rejects when its exit code is not 0. */
  run(command: string, ...args: readonly string[]): Promise<CommandOutput>;
  /** `virsh -c URI args` inside the private host; the standard output, trimmed. */
  virsh(...args: readonly string[]): Promise<string>;
  /** The command and arguments which start `command` inside the private host, for spawning. */
  inside(command: string, ...args: readonly string[]): readonly [string, ...string[]];
  /** Ends libvirtd alone, with `signal`; guests live on. @default "SIGTERM" */
  stopDaemon(signal?: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void>;
  /** Starts libvirtd again after {@link stopDaemon}. */
  startDaemon(): Promise<void>;
  /** What libvirtd wrote at warning level and above. */
  log(): Promise<string>;
  /** Kills everything that runs in the private host and waits until it is gone. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a private libvirtd with the QEMU, network and storage drivers. Needs root. */
export function startLibvirtd(init: PrivateLibvirtdInit = {}): Promise<PrivateLibvirtd> {
  return startHost(init, "qemu:///system", {});
}

/** Starts a private libvirtd that has only libvirt's built-in test driver: lighter and faster. Needs root. */
export function startTestDriverLibvirtd(init: PrivateLibvirtdInit = {}): Promise<PrivateLibvirtd> {
  return startHost(init, "test:///default", { LIBVIRT_DRIVER_DIR: "/run/no-drivers" });
}

async function startHost(
  init: PrivateLibvirtdInit,
  baseUri: string,
  daemonEnvironment: Readonly<Record<string, string>>,
): Promise<PrivateLibvirtd> {
  if (process.getuid?.() !== 0) throw new Error("a private libvirtd needs namespaces: run the system tests as root");
  const hostname = init.hostname ?? "berth-test";
  const hostUuid = init.hostUuid ?? randomUUID();
  const settings = (init.daemonSettings ?? []).join("\n");
  const unshare = ["-m", "-n", "-u", "-i", "-p", "--fork", "--kill-child", "--propagation", "private"];
  const child = spawn("unshare", [...unshare, script, hostname, hostUuid, sharedCache, settings, init.keep ?? ""], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const host = createHost({ child, pid: await readyPid(child), hostname, hostUuid, baseUri, daemonEnvironment });
  try {
    await host.startDaemon();
  } catch (cause) {
    await host.stop();
    throw cause;
  }
  return host;
}

/** The first line of the script, which it writes when the host is set up. */
function readyPid(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let problem = "";
    child.stderr?.on("data", (chunk) => {
      problem += chunk;
    });
    child.stdout?.once("data", (chunk) => resolve(Number.parseInt(String(chunk), 10)));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the private host ended with status ${code}: ${problem}`)));
  });
}

interface HostParts {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly hostname: string;
  readonly hostUuid: string;
  readonly baseUri: string;
  readonly daemonEnvironment: Readonly<Record<string, string>>;
}

function createHost(parts: HostParts): PrivateLibvirtd {
  const { child, pid, baseUri } = parts;
  const outsidePath = (insidePath: string) => `/proc/${pid}/root${insidePath}`;
  const socketPath = outsidePath("/run/libvirt/libvirt-sock");
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const inside = (command: string, ...args: readonly string[]): readonly [string, ...string[]] => {
    return ["nsenter", "-t", String(pid), "-m", "-u", "-i", "-n", "-p", "--", command, ...args];
  };
  const runInside = (command: string, ...args: readonly string[]) => {
    const [file, ...rest] = inside(command, ...args);
    return run(file, rest, { env: { ...process.env, ...parts.daemonEnvironment }, maxBuffer: 64 << 20 });
  };
  const uri = (base: string) => {
    const [scheme, rest] = base.split("://", 2);
    return `${scheme}+unix://${rest}?socket=${socketPath}`;
  };
  const virsh = async (...args: readonly string[]) => {
    return (await runInside("virsh", "-q", "-c", insideUri(baseUri), ...args)).stdout.trim();
  };
  const daemonPid = async () =>
    (await readFile(outsidePath("/run/libvirtd.pid"), "utf8").catch(() => "")).trim() || undefined;
  const stop = async () => {
    // Not the child itself: it waits for pid 1, so that its end tells that the kernel has taken all of them down.
    // It may be gone already, with its end still to be heard of.
    if (child.exitCode === null && child.signalCode === null) killIfThere(pid);
    await gone;
  };
  return {
    pid,
    hostname: parts.hostname,
    hostUuid: parts.hostUuid,
    socketPath,
    readOnlySocketPath: outsidePath("/run/libvirt/libvirt-sock-ro"),
    uri,
    qemuUri: () => uri("qemu:///system"),
    testUri: () => uri("test:///default"),
    outsidePath,
    run: runInside,
    virsh,
    inside,
    async stopDaemon(signal = "SIGTERM") {
      const daemon = await daemonPid();
      if (daemon === undefined) return;
      await runInside("sh", "-c", `kill -${signal.slice("SIG".length)} ${daemon}`);
      if (signal === "SIGSTOP" || signal === "SIGCONT") return;
      while (await access(outsidePath(`/proc/${daemon}`)).then(yes, no)) await delay(5);
    },
    async startDaemon() {
      await runInside("libvirtd", "-d", "-p", "/run/libvirtd.pid");
      // The socket accepts before the drivers are ready; the first answered call shows that they are.
      await virsh("version").catch(async (cause) => {
        const log = await readFile(outsidePath("/var/log/libvirt/libvirtd.log"), "utf8").catch(() => "no log");
        throw new Error(`the private libvirtd does not answer: ${log}`, { cause });
      });
    },
    log: () => readFile(outsidePath("/var/log/libvirt/libvirtd.log"), "utf8"),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

const yes = () => true;
const no = () => false;

/** The URI with which a program inside the host reaches the daemon: plain `test:///` would stay in that program. */
function insideUri(baseUri: string): string {
  return baseUri.startsWith("test:") ? baseUri.replace("test:", "test+unix:") : baseUri;
}
