import { identify } from "@libp2p/identify";
import type { Libp2p } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import type { HostKey } from "../../src/peers/host-key.ts";

type MuxerMaker = ReturnType<typeof yamux>;

/**
 * A member that encrypts, multiplexes, says once what it can, and answers nothing after that: what the network shows of a
 * process that was stopped.
 */
export function startFrozenHost(key: HostKey, protocols: readonly string[]): Promise<Libp2p> {
  const freezing: MuxerMaker = (...args) => {
    const factory = yamux()(...args);
    const create = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const muxer = create(connection);
      const listen = muxer.addEventListener.bind(muxer) as (type: string, listener: (event: unknown) => void) => void;
      let streams = 0;
      const own = (type: string, listener: (event: unknown) => void) => {
        if (type !== "stream") return listen(type, listener);
        listen(type, (event) => {
          streams += 1;
          if (streams === 1) listener(event);
        });
      };
      return Object.assign(muxer, { addEventListener: own as typeof muxer.addEventListener });
    };
    return factory;
  };
  return startBare(key, protocols, freezing);
}

/** libp2p without any of our limits and rules, in the name of `key`. */
export async function startBare(
  key: HostKey,
  protocols: readonly string[] = [],
  muxer: MuxerMaker = yamux(),
): Promise<Libp2p> {
  const node = await createLibp2p({
    privateKey: key.privateKey,
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [muxer],
    services: { identify: identify({ protocolPrefix: "berth/test" }) },
  });
  for (const protocol of protocols) await node.handle(protocol, () => {});
  return node;
}
