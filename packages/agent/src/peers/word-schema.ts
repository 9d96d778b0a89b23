/** Schemas of the words that all messages share. Texts and lists are bounded well below the size of a frame. */
import { z } from "zod";

/** Items in any list of a message that has no tighter bound. */
export const count = 1024;
/** Lives, incarnations, epochs, attempts, ballots: whole, exact, not negative. */
export const counter = z.number().int().nonnegative();
/** Names of hosts, voters, features. */
export const id = z.string().min(1).max(128);
/** A host. */
export const hostId = id;
/** A guest: the promiser. */
export const guestId = z.string().min(1).max(256);
/** Nonces, cursors, run ids: may be empty. */
export const short = z.string().max(512);
/** What people wrote. */
export const text = z.string().max(1024);
/** What every message begins with. */
export const head = { fleet: z.string().max(128), cfg: counter };
