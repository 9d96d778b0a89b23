import type {
  EnvironmentResources,
  GuestPromise,
  NetworkPromise,
  Ownership,
  PromiseAction,
  SourcePosition,
} from "@berth/model";

const position: SourcePosition = { file: "policy.cf", line: 7, column: 3 };
const fix: PromiseAction = { policy: "fix", ifElapsedMinutes: 1, expireAfterMinutes: 1 };
const common = { resources: {}, action: fix, classes: {}, meta: [], dependsOn: [], bundle: "main", position };

/** A promise about a guest of which only the interesting parts are stated. */
export function guest(name: string, parts: Partial<GuestPromise> = {}): GuestPromise {
  return { ...common, kind: "guest", type: "kvm", name, state: "create", hostClass: "any", hostHolds: true, ...parts };
}

/** A promise about a network of which only the interesting parts are stated. */
export function network(name: string, parts: Partial<NetworkPromise> = {}): NetworkPromise {
  return {
    ...common,
    kind: "network",
    type: "kvm_net",
    name,
    state: "create",
    hostClass: "any",
    hostHolds: true,
    ...parts,
  };
}

/** Resources that consist of a definition. */
export function spec(xml: string): EnvironmentResources {
  return { spec: { xml, position } };
}

/** A small definition of a guest. */
export function guestXml(
  name: string,
  parts: { memoryMib?: number; vcpu?: string; extra?: string; devices?: string } = {},
): string {
  return `<domain type='kvm'>
  <name>${name}</name>
  <memory unit='MiB'>${parts.memoryMib ?? 512}</memory>
  ${parts.vcpu ?? "<vcpu>2</vcpu>"}
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  ${parts.extra ?? ""}
  <devices>
    <disk type='file' device='disk'><source file='/images/${name}.img'/><target dev='vda' bus='virtio'/></disk>
    <interface type='network'><source network='lan'/></interface>
    ${parts.devices ?? ""}
  </devices>
</domain>`;
}

export function networkXml(name: string, subnet = 150): string {
  return `<network><name>${name}</name><forward mode='nat'/><ip address='192.168.${subnet}.1' netmask='255.255.255.0'/></network>`;
}

export const sole: Ownership = { kind: "sole" };
export const holds: Ownership = { kind: "holds", epoch: 3, validUntilMs: 4000 };
export const elsewhere: Ownership = { kind: "elsewhere", owner: "h2", reason: "claimed in epoch 4" };
