import { tcp } from "@libp2p/tcp";
import { AgentError } from "../agent-error.ts";

type TransportMaker = ReturnType<typeof tcp>;
type Dial = ReturnType<TransportMaker>["dial"];

/**
 * TCP that gives up sooner on a host that does not answer at all, and on nothing else.
 *
 * The kernel repeats a lost SYN after one second, then after two more. So whoever dials through a partition and waits is
 * found up to two seconds after the heal; whoever gives up after `connectMs` and dials anew is there sooner. The answer to
 * a SYN comes from the other kernel, however busy that host is; what follows it, the handshakes, keeps its longer limit.
 *
 * An answer may be there while this process was held up. So the limit is judged after the event loop has looked once more.
 */
export function quickConnect(init: Parameters<typeof tcp>[0], connectMs: number): TransportMaker {
  const make = tcp(init);
  return (components) => {
    const transport = make(components);
    const dial: Dial = transport.dial.bind(transport);
    transport.dial = async (address, options) => {
      const limit = new AbortController();
      let isOpen = false;
      const timer = setTimeout(() => {
        setImmediate(() => {
          if (!isOpen) limit.abort(new AgentError("ABORTED", `no answer within ${connectMs} ms`));
        });
      }, connectMs);
      const { upgrader } = options;
      const upgradeOutbound: typeof upgrader.upgradeOutbound = (connection, upgradeOptions) => {
        isOpen = true;
        clearTimeout(timer);
        return upgrader.upgradeOutbound(connection, upgradeOptions);
      };
      const watched = Object.assign(Object.create(upgrader) as typeof upgrader, { upgradeOutbound });
      try {
        const signal = AbortSignal.any([options.signal, limit.signal]);
        return await dial(address, { ...options, signal, upgrader: watched });
      } finally {
        isOpen = true;
        clearTimeout(timer);
      }
    };
    return transport;
  };
}
