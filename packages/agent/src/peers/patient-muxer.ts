import { yamux } from "@libp2p/yamux";

type MuxerMaker = ReturnType<typeof yamux>;

/** Number of yamux's window updates: how much more the other side may send, and how a stream is opened. */
const windowUpdate = 1;

/** The method that yamux sends every frame with. */
interface FrameSender {
  sendFrame(header: { readonly type: number }, data?: unknown): boolean;
}

/**
 * yamux that survives the death of its connection at any moment. It opens a stream by a window update in a microtask of its own, where
 * nobody can catch what it throws when the connection died in between; Node would end the process for it. Such an update has
 * nobody left to tell, so it is dropped. Whoever waits for the stream learns of the death from the connection.
 */
export function patientYamux(init: Parameters<typeof yamux>[0] = {}): MuxerMaker {
  const make = yamux(init);
  return (...components) => {
    const factory = make(...components);
    const create = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const muxer = create(connection);
      const sender = muxer as unknown as FrameSender;
      const send = sender.sendFrame.bind(muxer);
      // Streams take the method when they are made, so they get this one.
      sender.sendFrame = (header, data) => {
        try {
          return send(header, data);
        } catch (error) {
          if (header.type !== windowUpdate || !isClosed(error)) throw error;
          return false;
        }
      };
      return muxer;
    };
    return factory;
  };
}

function isClosed(error: unknown): boolean {
  return error instanceof Error && error.name === "StreamStateError";
}
