import { yamux } from "@libp2p/yamux";

type MuxerMaker = ReturnType<typeof yamux>;

/** Number of yamux's window updates: how much more the other side may send, and how a stream is opened. */
const windowUpdate = 1;

/** The method that yamux sends every frame with. */
interface FrameSender {
  sendFrame(header: { readonly type: number }, data?: unknown): boolean;
}

/** Number of yamux's state of a stream that both sides have opened and that is not held back. */
const established = 3;

/** What yamux calls on a stream after every frame of data that came in. Sizes in bytes. */
interface WindowedStream {
  readonly state: number;
  /** What the other side may send from one update to the next. */
  readonly recvWindow: number;
  /** What it may still send. */
  readonly recvWindowCapacity: number;
  sendWindowUpdate(): void;
}

/** The method that yamux makes every stream with. */
interface StreamMaker {
  _newStream(...init: readonly unknown[]): WindowedStream;
}

/**
 * yamux that survives the death of its connection at any moment. It opens a stream by a window update in a microtask of its own, where
 * nobody can catch what it throws when the connection died in between; Node would end the process for it. Such an update has
 * nobody left to tell, so it is dropped. Whoever waits for the stream learns of the death from the connection.
 *
 * It also answers every frame of data by a window update, however small the frame: half of all packets between idle agents. Here
 * the other side is told once half of its window is used, as other implementations of yamux do; until then it can go on sending.
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
      updateSeldom(muxer as unknown as StreamMaker);
      return muxer;
    };
    return factory;
  };
}

function updateSeldom(maker: StreamMaker): void {
  const makeStream = maker._newStream.bind(maker);
  maker._newStream = (...init) => {
    const stream = makeStream(...init);
    const update = stream.sendWindowUpdate.bind(stream);
    stream.sendWindowUpdate = () => {
      // What opens a stream or goes on after a pause is more than an update; and the accounts of both sides stay equal.
      if (stream.state === established && 2 * stream.recvWindowCapacity > stream.recvWindow) return;
      update();
    };
    return stream;
  };
}

function isClosed(error: unknown): boolean {
  return error instanceof Error && error.name === "StreamStateError";
}
