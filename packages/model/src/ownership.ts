/**
 * What this host knows of its right to run one guest, as the planner needs it.
 * `sole`: there are no peers, so the host owns what its class matches.
 * `holds`: a claim at a majority and a live lease. `elsewhere`: another host's, or nobody's yet.
 */
export type Ownership =
  | { readonly kind: "sole" }
  | { readonly kind: "holds"; readonly epoch: number; readonly validUntilMs: number }
  | { readonly kind: "elsewhere"; readonly owner?: string; readonly reason: string };
