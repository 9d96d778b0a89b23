import type { Diagnostic } from "@berth/model";
import {
  type Evaluation,
  type EvaluationRequest,
  evaluatePolicy,
  type HostFacts,
  type PolicyWorld,
} from "../src/index.ts";

const moment = { year: 2026, month: 11, day: 22, weekday: 0, hour: 16, minute: 40, second: 5 };

/** A host in the middle of nowhere: Debian 12 on two processors, one network card. */
export const facts: HostFacts = {
  hostName: "KVM-01.dc1.Example.com",
  fqdn: "kvm-01.dc1.example.com",
  aliases: ["Rack7"],
  interfaces: [
    { name: "lo", up: true, ipv4: ["127.0.0.1"], ipv6: ["::1"], mac: "00:00:00:00:00:00" },
    { name: "eth0", up: true, ipv4: ["10.1.2.3"], ipv6: ["fd00:aa::5"], mac: "52:54:00:AB:CD:EF" },
    { name: "virbr0", up: true, ipv4: ["192.168.122.1"], ipv6: [], mac: "52:54:00:00:00:01" },
    { name: "eth1", up: false, ipv4: ["10.9.9.9"], ipv6: [], mac: "52:54:00:00:00:02" },
  ],
  gatewayIpv4: "192.0.2.1",
  kernel: { name: "Linux", release: "6.1.0-38-amd64", version: "#1 SMP" },
  distribution: { id: "debian", versionId: "12", codename: "bookworm" },
  arch: "x86_64",
  cpus: 2,
  libvirtVersion: "9.0.0",
  hypervisors: ["kvm", "test"],
  localTime: moment,
  gmtTime: { ...moment, hour: 15 },
  epochSeconds: 1_795_362_005,
  workDir: "/var/lib/berth",
};

/** Files that exist only in the test. */
export function worldOf(files: Readonly<Record<string, string>>, more: Partial<PolicyWorld> = {}): PolicyWorld {
  return {
    readFile: (path) => {
      const text = files[path];
      return text === undefined ? { ok: false, error: "no such file" } : { ok: true, text };
    },
    fileStatus: (path) => {
      const text = files[path];
      if (text !== undefined) return { kind: "file", sizeBytes: text.length, executable: false };
      const isDirectory = Object.keys(files).some((each) => each.startsWith(`${path}/`));
      return isDirectory ? { kind: "directory", sizeBytes: 0, executable: true } : undefined;
    },
    ...more,
  };
}

/** Evaluates a text as `/policy/p.cf`. */
export function evaluate(
  text: string,
  files: Readonly<Record<string, string>> = {},
  more: Partial<EvaluationRequest> = {},
): Evaluation {
  return evaluatePolicy({ entryFile: "/policy/p.cf", text, facts, world: worldOf(files), ...more });
}

/** Each finding as `severity CODE line:column`. */
export function brief(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ severity, code, position }) => `${severity} ${code} ${position.line}:${position.column}`);
}

/** Codes of the errors alone. */
export function errorCodes(evaluation: Evaluation): readonly string[] {
  return evaluation.diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code);
}

/** Reports of promises in `bundle agent main`; what tests expect of them was observed with cf-agent 3.21.0. */
export function reportsOf(promises: string, more = ""): readonly string[] {
  return evaluate(`bundle agent main {\n${promises}\n}\n${more}`).reports;
}
