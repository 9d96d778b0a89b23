/** Differences in words, the same for guests and networks. */
import type { Difference } from "@berth/domain-xml";

/** Such as `memory: 1 GiB wanted, 524288 KiB now`. */
export function describeDifference(difference: Difference): string {
  const { path, wanted, observed } = difference;
  if (wanted === undefined) return `${path}: not in the policy, ${observed} now`;
  return `${path}: ${wanted} wanted, ${observed === undefined ? "missing" : observed} now`;
}
