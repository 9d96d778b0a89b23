/**
 * Weighted rendezvous hashing: every host computes the same order of hosts for a guest, without asking anybody, and a host
 * that joins or leaves moves only its own share. Score = -weight / ln(u) with u a hash of (host, guest) in (0, 1); the
 * highest score comes first (Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005).
 */
import type { GuestId, HostId } from "../words.ts";

/** FNV-1a over UTF-16 units, then a 32-bit finaliser, so that similar names spread. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h);
}

/** Bijective 32-bit mixer (murmur3's finaliser). */
export function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Score of a host for a guest; only the order of scores means anything. Weight 0 or less scores 0: last. */
export function rendezvousScore(host: HostId, guest: GuestId, weight: number): number {
  if (weight <= 0) return 0;
  const u = (mix(Math.imul(hashText(host), 0x9e3779b1) ^ hashText(guest)) + 0.5) / 4_294_967_296;
  return -weight / Math.log(u);
}
