/** Guest types of `environment_type`: each names a hypervisor. */
export const guestTypes = ["xen", "kvm", "esx", "vbox", "test"] as const;
/** Network types of `environment_type`. */
export const networkTypes = ["xen_net", "kvm_net", "esx_net", "test_net"] as const;
/** Types that the language knows and that Berth answers with a clear error until each one works. */
export const unsupportedTypes = ["zone", "ec2", "eucalyptus"] as const;

export type GuestType = (typeof guestTypes)[number];
export type NetworkType = (typeof networkTypes)[number];
export type UnsupportedType = (typeof unsupportedTypes)[number];
/** Everything that `environment_type` may say. */
export type EnvironmentType = GuestType | NetworkType | UnsupportedType;

/** States that a promise may ask for, CFEngine's spelling. */
export const environmentStates = ["create", "delete", "running", "suspended", "down"] as const;
export type EnvironmentState = (typeof environmentStates)[number];

/** Whether a type names a guest's hypervisor; narrows the type. */
export function isGuestType(type: string): type is GuestType {
  return (guestTypes as readonly string[]).includes(type);
}

/** Whether a type names a virtual network's hypervisor; narrows the type. */
export function isNetworkType(type: string): type is NetworkType {
  return (networkTypes as readonly string[]).includes(type);
}

/** The guest type whose hypervisor connection serves this type: `kvm_net` is served by `kvm`. */
export function hypervisorOf(type: GuestType | NetworkType): GuestType {
  return isGuestType(type) ? type : (type.slice(0, -"_net".length) as GuestType);
}
