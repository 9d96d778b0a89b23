/** The command lines that are compared: Berth, cf-agent and virsh, on the same daemon and, where they read one, the same policy. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Fleet, guestName } from "./fleet.ts";
import type { Program } from "./process.ts";

const launcher = fileURLToPath(new URL("../../packages/cli/bin/berth.js", import.meta.url));

/** Where a run keeps its files, and whether its calls go through the counting proxy. */
export interface RunPlace {
  readonly folder: string;
  readonly uri: string;
}

/** One pass of Berth, as a user types it. */
export function berthConverge(policy: string, { folder, uri }: RunPlace): Program {
  return {
    command: launcher,
    args: ["converge", "-K", policy, "--uri", `test=${uri}`, "--state-dir", join(folder, "state")],
  };
}

/** Berth's check of a policy, without any hypervisor. */
export function berthCheck(policy: string): Program {
  return { command: launcher, args: ["check", policy] };
}

/** CFEngine's check of a policy. */
export function cfPromises(policy: string): Program {
  return { command: "/usr/bin/cf-promises", args: ["-c", "-f", policy] };
}

/**
 * One pass of cf-agent. Its URI for type `test` is built in (`test:///default`, a driver inside cf-agent's own process
 * that forgets everything at its end) and no setting changes it: libvirt's `uri_aliases` do not match names with `:` or
 * `/`. So a copy of the installed program is used in which that one text is empty. libvirt takes an empty URI for none
 * and asks `LIBVIRT_DEFAULT_URI`, which names the daemon. Nothing else differs.
 */
export function cfAgent(policy: string, { folder, uri }: RunPlace): Program {
  return {
    command: cfAgentWithoutUri(folder),
    args: ["-K", "-f", policy],
    environment: { LIBVIRT_DEFAULT_URI: uri },
  };
}

function cfAgentWithoutUri(folder: string): string {
  const path = join(folder, "cf-agent");
  const program = readFileSync("/usr/bin/cf-agent");
  const at = program.indexOf("test:///default\0");
  if (at === -1) throw new Error("this cf-agent has no built-in test:///default: the comparison needs CFEngine 3.21");
  program[at] = 0;
  writeFileSync(path, program);
  chmodSync(path, 0o755);
  return path;
}

/** The least that any tool can do with virsh: one process, one list. */
export function virshList({ uri }: RunPlace): Program {
  return { command: "/usr/bin/virsh", args: ["-q", "-c", uri, "list", "--all"] };
}

/** What a shell script does: ask for the state of each guest, in one virsh. */
export function virshStates(fleet: Fleet, { uri }: RunPlace): Program {
  const asks = Array.from({ length: fleet.count }, (_, index) => `domstate ${guestName(index)}`).join("; ");
  return { command: "/usr/bin/virsh", args: ["-q", "-c", uri, asks] };
}
