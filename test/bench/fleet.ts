/** A private libvirtd with N small guests on libvirt's test driver, and the policies that promise exactly what is there. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Connection, connect } from "node-libvirt";
import { type PrivateLibvirtd, startTestDriverLibvirtd } from "../support/libvirtd.ts";
import { type RecordingProxy, startRecordingProxy } from "../support/recording-proxy.ts";

/** How the guests stand, and so what their promises ask for. */
export type Condition = "running" | "down";

/** Guests of one number and condition behind one daemon. `await using` takes all of it down. */
export interface Fleet {
  readonly count: number;
  readonly condition: Condition;
  /** Straight to the daemon, in libvirt's long form that virsh and cf-agent need too. */
  readonly uri: string;
  /** The same daemon through a proxy that counts calls. */
  readonly countedUri: string;
  readonly proxy: RecordingProxy;
  /** Keeps the test driver's state: it lasts while one connection is open. */
  readonly connection: Connection;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a daemon and fills it; an empty one (`fill: false`) is for passes that create everything. */
export async function startFleet(count: number, condition: Condition, fill = true): Promise<Fleet> {
  const host = await startTestDriverLibvirtd();
  try {
    const connection = await connect(host.testUri());
    const proxy = await startRecordingProxy(host.socketPath);
    if (fill) await fillDaemon(connection, count, condition);
    return fleetOf({ host, connection, proxy, count, condition });
  } catch (error) {
    await host.stop();
    throw error;
  }
}

interface FleetParts {
  readonly host: PrivateLibvirtd;
  readonly connection: Connection;
  readonly proxy: RecordingProxy;
  readonly count: number;
  readonly condition: Condition;
}

function fleetOf({ host, connection, proxy, count, condition }: FleetParts): Fleet {
  return {
    count,
    condition,
    uri: host.testUri(),
    countedUri: `test+unix:///default?socket=${proxy.socketPath}`,
    proxy,
    connection,
    async [Symbol.asyncDispose]() {
      await connection.close();
      await proxy[Symbol.asyncDispose]();
      await host.stop();
    },
  };
}

/** Name of the guest with this number. */
export function guestName(index: number): string {
  return `guest-${index}`;
}

function guestXml(name: string): string {
  return `<domain type='test'>
  <name>${name}</name>
  <memory unit='KiB'>65536</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
</domain>`;
}

/** Two lanes: the daemon serves one client's calls side by side, and filling is not what is measured. */
async function fillDaemon(connection: Connection, count: number, condition: Condition): Promise<void> {
  const fillLane = async (first: number): Promise<void> => {
    for (let index = first; index < count; index += 2) {
      const domain = await connection.domains.define(guestXml(guestName(index)));
      if (condition === "running") await connection.domains.create(domain);
    }
  };
  await Promise.all([fillLane(0), fillLane(1)]);
}

/** What the promises of a policy say beside name, type and state. */
export interface PolicyInit {
  readonly state: string;
  /** Promise the definition too, as XML in the policy: Berth then compares it with libvirt's. */
  readonly withSpec: boolean;
}

/**
 * Writes one policy that cf-agent and Berth both read, each guest written out, as an inventory or an import makes it.
 *
 * @returns its path
 */
export function writePolicy(folder: string, count: number, init: PolicyInit): string {
  const path = join(folder, `${init.state}-${count}${init.withSpec ? "-spec" : ""}.cf`);
  const names = Array.from({ length: count }, (_, index) => guestName(index));
  const promises = names.map((name) => promiseOf(name, init)).join("\n");
  const bodies = init.withSpec ? names.map(bodyOf).join("\n") : "";
  const text = `body common control
{
  bundlesequence => { "fleet" };
}

bundle agent fleet
{
guest_environments:
${promises}}
${bodies}`;
  // cf-agent refuses a policy that others may write.
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function promiseOf(name: string, { state, withSpec }: PolicyInit): string {
  const spec = withSpec ? `    environment_resources => ${bodyName(name)},\n` : "";
  return `  "${name}"
${spec}    environment_type => "test",
    environment_host => "any",
    environment_state => "${state}";
`;
}

function bodyOf(name: string): string {
  return `body environment_resources ${bodyName(name)}
{
  env_spec => "${guestXml(name)}";
}
`;
}

function bodyName(name: string): string {
  return name.replaceAll("-", "_");
}

/** Writes the shortest policy for the same guests: one promise that iterates over a list, one body. @returns its path */
export function writeIteratedPolicy(folder: string, count: number): string {
  const path = join(folder, `iterated-${count}.cf`);
  const names = Array.from({ length: count }, (_, index) => `"${guestName(index)}"`).join(", ");
  const text = `body common control
{
  bundlesequence => { "fleet" };
}

bundle agent fleet
{
vars:
  "guest" slist => { ${names} };

guest_environments:
  "$(guest)"
    environment_resources => small("$(this.promiser)"),
    environment_type => "test",
    environment_host => "any",
    environment_state => "create";
}

body environment_resources small(name)
{
  env_spec => "${guestXml("$(name)")}";
}
`;
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
