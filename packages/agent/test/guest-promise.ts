import type { GuestPromise } from "@berth/model";

/** A guest promise as evaluation makes it, with what a test does not care about filled in. */
export function guestPromise(name: string, differences: Partial<GuestPromise> = {}): GuestPromise {
  return {
    kind: "guest",
    type: "kvm",
    name,
    state: "create",
    hostClass: "any",
    hostHolds: true,
    resources: {},
    action: { policy: "fix", ifElapsedMinutes: 1, expireAfterMinutes: 1 },
    classes: {},
    meta: [],
    dependsOn: [],
    bundle: "fleet",
    position: { file: "fleet.cf", line: 1, column: 1 },
    ...differences,
  };
}
