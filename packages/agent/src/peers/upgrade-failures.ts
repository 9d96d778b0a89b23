import type { Metrics } from "@libp2p/interface";
import type { PeerTally } from "./peer-tally.ts";

const inboundErrors = "libp2p_connection_manager_dials_inbound_errors_total";

/**
 * libp2p refuses connections deep inside: too many, too fast, no private-network key, no handshake in time. It tells its
 * metrics, so these metrics listen to that one counter and let everything else go.
 */
export function upgradeFailures(tally: Pick<PeerTally, "warn">): Metrics {
  const silent = {
    update() {},
    increment() {},
    decrement() {},
    reset() {},
    observe() {},
    timer: () => () => {},
  };
  const failures = {
    ...silent,
    increment: (causes: Readonly<Record<string, number | true>>) => {
      for (const cause of Object.keys(causes)) tally.warn("refused", `a connection was refused: ${cause}`);
    },
  };
  const metrics = {
    trackMultiaddrConnection() {},
    trackProtocolStream() {},
    registerMetric: () => silent,
    registerMetricGroup: () => silent,
    registerCounter: () => silent,
    registerCounterGroup: (name: string) => (name === inboundErrors ? failures : silent),
    registerHistogram: () => silent,
    registerHistogramGroup: () => silent,
    registerSummary: () => silent,
    registerSummaryGroup: () => silent,
    traceFunction: <F>(_name: string, traced: F) => traced,
    createTrace: () => undefined,
  };
  // The interface overloads each method for callbacks that nobody here asks for.
  return metrics as unknown as Metrics;
}
