/** Pacemaker on Corosync: three hosts, one resource, as Debian's packages make it. */
import { type PeerHost, PeerRack, takenFile, takeoverMs, until } from "./fleet-peer-hosts.ts";

/** The settings that are measured one after the other on one cluster. */
export interface PacemakerCase {
  readonly name: string;
  /** Corosync's `token`: how long a silent host is waited for. */
  readonly tokenMs: number;
  /** Power is cut by a fence device before a takeover; ours answers at once, those in racks take seconds. */
  readonly stonith: boolean;
}

/** Yields the takeover times per case, milliseconds, after each run. */
export async function* measurePacemaker(
  folder: string,
  cases: readonly PacemakerCase[],
  runs: number,
): AsyncGenerator<readonly (readonly number[])[]> {
  await using rack = await PeerRack.start(folder);
  const results: number[][] = [];
  for (const [index, one] of cases.entries()) {
    if (index === 0) {
      for (const host of rack.hosts) startCluster(host, one.tokenMs);
      await allOnline(rack);
      await createResource(rack);
    }
    await applyCase(rack, one);
    const times: number[] = [];
    results.push(times);
    for (let round = 0; round < runs; round += 1) {
      times.push(await oneTakeover(rack, one));
      yield results;
    }
  }
}

function corosyncConf(tokenMs: number): string {
  const node = (number: number) =>
    `  node {\n    name: p${number}\n    nodeid: ${number}\n    ring0_addr: 10.79.0.${number}\n  }\n`;
  return `totem {
  version: 2
  cluster_name: bench
  transport: udpu
  crypto_cipher: none
  crypto_hash: none
  token: ${tokenMs}
}
system {
  sched_rr: no
}
logging {
  to_syslog: no
  to_stderr: yes
}
quorum {
  provider: corosync_votequorum
}
nodelist {
${[1, 2, 3].map(node).join("")}}
`;
}

function startCluster(host: PeerHost, tokenMs: number): void {
  host.write("/etc/corosync/corosync.conf", corosyncConf(tokenMs));
  host.start("corosync", "-f");
  // pacemakerd ends at once where corosync does not answer yet.
  host.start("sh", "-c", "until corosync-cmapctl runtime.members >/dev/null 2>&1; do sleep 0.1; done; exec pacemakerd");
}

async function allOnline(rack: PeerRack): Promise<void> {
  const isWhole = async () =>
    (await Promise.all(rack.hosts.map((host) => host.run("crm_mon", "-1").catch(() => "")))).every((text) =>
      text.includes("Online: [ p1 p2 p3 ]"),
    );
  await until("every host is online in Pacemaker", isWhole, 90_000, 250);
}

async function createResource(rack: PeerRack): Promise<void> {
  const [host] = rack.hosts as [PeerHost];
  // A host that was never seen is fenced at the start; here all are simply slow to boot.
  await host.run("crm_attribute", "--name", "startup-fencing", "--update", "false");
  await host.run("crm_attribute", "--name", "stonith-enabled", "--update", "false");
  await host.run("crm_attribute", "--type", "rsc_defaults", "--name", "resource-stickiness", "--update", "1000");
  await host.run(
    "cibadmin",
    "--create",
    "--scope",
    "resources",
    "--xml-text",
    `<primitive id="guest" class="ocf" provider="pacemaker" type="Dummy"><instance_attributes id="guest-a">
      <nvpair id="guest-a-state" name="state" value="${takenFile}"/></instance_attributes></primitive>`,
  );
  await host.run(
    "cibadmin",
    "--create",
    "--scope",
    "resources",
    "--xml-text",
    `<primitive id="fence" class="stonith" type="fence_bench"><instance_attributes id="fence-a">
      <nvpair id="fence-a-hosts" name="pcmk_host_list" value="p1 p2 p3"/></instance_attributes></primitive>`,
  );
}

async function applyCase(rack: PeerRack, { tokenMs, stonith }: PacemakerCase): Promise<void> {
  for (const host of rack.hosts) host.write("/etc/corosync/corosync.conf", corosyncConf(tokenMs));
  const [host] = rack.hosts as [PeerHost];
  await host.run("corosync-cfgtool", "-R");
  await host.run("crm_attribute", "--name", "stonith-enabled", "--update", String(stonith));
}

async function oneTakeover(rack: PeerRack, { tokenMs }: PacemakerCase): Promise<number> {
  const active = () => rack.hosts.filter((host) => host.has(takenFile));
  await until("the resource runs on one host", () => active().length === 1, 60_000, 50);
  const [victim] = active() as [PeerHost];
  // The power switch: the victim is dead already when the device is asked, so it says yes at once.
  const answerFence = () => {
    for (const host of rack.others(victim)) {
      if (!host.has("/run/bench/fence-wanted")) continue;
      host.remove("/run/bench/fence-wanted");
      host.write("/run/bench/fence-done", "");
    }
  };
  const ms = await takeoverMs(rack, victim, answerFence);
  startCluster(await rack.boot(victim.number), tokenMs);
  await allOnline(rack);
  return ms;
}
