/**
 * The guards against the ways in which libp2p's gossip goes silent without saying so. All are on; tests switch one off to show
 * that the loss is real.
 */
export interface PeerGuards {
  /** An older connection is ended when its peer connects anew. Off: both stay, and gossip lives on one of them only. */
  readonly endOlder: boolean;
  /** A connected peer that lacks a stream or subscription is cut and dialled anew. */
  readonly cutSilent: boolean;
  /** What is too big is never published: gossip's receiver would close the stream for good. */
  readonly checkSize: boolean;
  /** Lost batches are pulled from their origin. */
  readonly pullGaps: boolean;
  /** gossipsub's weight for many peers on one address: -5 makes everybody behind one NAT unheard of from the 11th on. */
  readonly colocationWeight: number;
  /** Time for choosing a stream's protocol. Milliseconds. */
  readonly negotiationMs: number;
}
