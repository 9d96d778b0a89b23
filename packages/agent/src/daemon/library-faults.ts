/**
 * Errors that libp2p throws where nobody can catch them.
 *
 * Its multiplexer answers a frame in a callback of its own; when the connection died in between, the write to it throws into
 * the void, and Node would end the process. A dead link must not end an agent, so exactly such errors pass: thrown about a
 * closed stream or connection, with no line of Berth's own code on their stack. Everything else is a bug of ours, and ends
 * the agent as every bug does.
 */

/** Names of libp2p's errors about something that is closed already (@libp2p/interface, errors.ts). */
const closedNames: ReadonlySet<string> = new Set([
  "StreamStateError",
  "StreamClosedError",
  "StreamResetError",
  "StreamAbortedError",
  "MuxerClosedError",
  "ConnectionClosedError",
  "ConnectionClosingError",
  "UnexpectedEOFError",
]);

const libraryFrame = /node_modules\/(@libp2p|@chainsafe|libp2p)\//;
const ownFrame = /\/packages\/[^/]+\/src\//;

/** Whether an uncaught error says no more than that a link died at the wrong moment. */
export function isLinkFault(error: unknown): boolean {
  if (!(error instanceof Error) || !closedNames.has(error.name)) return false;
  const stack = error.stack ?? "";
  return libraryFrame.test(stack) && !ownFrame.test(stack);
}

/** Watches the process until the returned function is called. `ours`: the error of a bug, which ends the agent. */
export function watchUncaught(listeners: {
  readonly link: (error: Error) => void;
  readonly ours: (error: unknown) => void;
}): () => void {
  const onError = (error: unknown) => {
    if (isLinkFault(error)) listeners.link(error as Error);
    else listeners.ours(error);
  };
  // A rejection that nobody waits for comes as an uncaught exception too, where nobody listens for it by its own name.
  process.on("uncaughtException", onError);
  return () => void process.off("uncaughtException", onError);
}
