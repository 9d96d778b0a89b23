/**
 * What is said at the door, one line of JSON each:
 *
 *     inviter: offer    which fleet this is, and its key, by whose hash the token knows it
 *     joiner:  knock    the secret, and who wants to come in
 *     inviter: welcome  the signed list with the new member on it, the configuration in force; or refusal, with the reason
 *
 * Noise has proved both peer ids before the first of them. The joiner says nothing before it has looked at the offer.
 */
import { z } from "zod";
import { configurationSchema } from "../peers/message-schema.ts";
import { id, text } from "../peers/word-schema.ts";
import { addressesSchema, memberDocumentSchema, plainName } from "./fleet-schema.ts";
import type { MemberDocument } from "./member-document.ts";

/** Bytes that a stranger may send. */
export const knockBytesMax = 8 * 1024;
/** Bytes of an answer: a list of 512 members with a few addresses each, and their fleet's configuration. */
export const welcomeBytesMax = 1024 * 1024;
/** Time for the whole conversation. Milliseconds. */
export const conversationMs = 10_000;

/** Name of the protocol at the door of a fleet. */
export function joinProtocol(fleet: string): string {
  return `/berth/${fleet}/join/1`;
}

const role = z.enum(["voter", "member", "observer"]);

/** First word of the inviter. */
export const offerSchema = z.strictObject({
  t: z.literal("offer"),
  fleet: z.string().regex(plainName),
  fleetKey: z.string().length(44),
});

/** The joiner's only word. Its peer id is the connection's. */
export const knockSchema = z.strictObject({
  t: z.literal("knock"),
  secret: z.string().length(43),
  host: z.string().regex(plainName),
  role,
  disk: id,
  hypervisor: z.boolean(),
  addresses: addressesSchema,
  release: z.string().max(64),
});

/** Last word of the inviter. */
export const answerSchema = z.discriminatedUnion("t", [
  z.strictObject({
    t: z.literal("welcome"),
    document: memberDocumentSchema,
    config: configurationSchema,
    /** The private-network key's text, where the fleet has one. */
    networkKey: z.string().max(256).exactOptional(),
  }),
  z.strictObject({ t: z.literal("refused"), why: text }),
]);

/** See {@link offerSchema}. */
export type Offer = z.infer<typeof offerSchema>;
/** See {@link knockSchema}. */
export type Knock = z.infer<typeof knockSchema>;
/** See {@link answerSchema}. */
export type Answer = z.infer<typeof answerSchema>;

/** Whether a list has this host with this key on it. */
export function hasMember({ members }: MemberDocument, host: string, peerId: string): boolean {
  return members.some((member) => member.hostId === host && member.peerId === peerId);
}
