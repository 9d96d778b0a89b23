import type { GuestLine } from "../fleet-policy.ts";

/** A guest that every host can build from its promise. */
export function builtGuest(name: string, extra: Partial<GuestLine> = {}): GuestLine {
  const resources = { env_cpus: "1", env_memory: "65536" };
  return { name, type: "kvm", state: "create", resources, ...extra };
}

/** A guest of which policy says nothing but that it runs: its definition stands on hosts. */
export function standingGuest(name: string, extra: Partial<GuestLine> = {}): GuestLine {
  return { name, type: "kvm", state: "running", ...extra };
}
