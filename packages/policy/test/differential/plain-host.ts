import { readFileSync } from "node:fs";
import type { BrokenDownTime, HostFacts, PolicyWorld } from "../../src/index.ts";

const time: BrokenDownTime = { year: 2026, month: 1, day: 1, weekday: 4, hour: 0, minute: 0, second: 0 };

/** A host with nothing remarkable: policies here ask for classes that every Linux host has, or none. */
export const plainFacts: HostFacts = {
  hostName: "plain",
  aliases: [],
  interfaces: [],
  kernel: { name: "Linux", release: "6.1", version: "1" },
  arch: "x86_64",
  cpus: 2,
  hypervisors: [],
  localTime: time,
  gmtTime: time,
  epochSeconds: 1_767_225_600,
  workDir: "/var/lib/berth",
};

/** This machine's files, and nothing else of it. */
export const realWorld: PolicyWorld = {
  readFile(path) {
    try {
      return { ok: true, text: readFileSync(path, "utf8") };
    } catch (error) {
      return { ok: false, error: String(error) };
    }
  },
  fileStatus: () => undefined,
};
