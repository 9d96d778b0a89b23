/**
 * Whether a dial failed because somebody else answered: whoever has the address has another key, and asking again soon is in vain.
 *
 * With several addresses all of them must lead to somebody else. One alone says nothing: every host of libvirt's has a bridge
 * 192.168.122.1 of its own, so that this address of another host leads to the one that dials.
 */
export function isWrongKey(error: unknown): boolean {
  // Noise says so in words only, and the dial queue wraps it.
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isWrongKey);
  return (
    error instanceof Error &&
    (/does not match expected remote identity key/.test(error.message) || isWrongKey(error.cause))
  );
}
