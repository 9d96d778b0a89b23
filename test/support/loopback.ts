import { randomInt } from "node:crypto";

/**
 * A loopback address that nobody else uses: out of the sixteen million of 127.0.0.0/8. Any port on it is free, where a port
 * of 127.0.0.1 that was free a moment ago may be taken by the next connection that any process of the machine opens.
 */
export function ownLoopback(): string {
  return `127.${randomInt(16, 250)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
}
