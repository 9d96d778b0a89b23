import { libvirtErrorNames } from "./error-names.ts";

/** What goes wrong on this side of the socket; everything else carries libvirt's own `VIR_ERR_...` name. */
export type ClientErrorCode =
  | "INVALID_URI"
  | "CONNECT_FAILED"
  | "AUTH_UNSUPPORTED"
  | "CONNECTION_LOST"
  | "CONNECTION_CLOSED"
  | "KEEPALIVE_TIMEOUT"
  | "DEADLINE"
  | "ABORTED"
  | "PROTOCOL"
  | "DECODE"
  | "ENCODE";

/** The numbers libvirt sent with an error, as in its `virterror.h`. */
export interface LibvirtErrorNumbers {
  /** `virErrorNumber` */
  readonly code: number;
  /** `virErrorDomain`: which part of libvirt raised it. */
  readonly domain: number;
  /** `virErrorLevel`: 1 warning, 2 error. */
  readonly level: number;
}

/** What is known of an error beside its code and text. */
export interface LibvirtErrorInit {
  readonly cause?: unknown;
  readonly libvirt?: LibvirtErrorNumbers;
  readonly procedure?: string | undefined;
  readonly sent?: boolean;
}

/** The only error that this package throws for what happens outside of it. Misuse is a `TypeError`. */
export class LibvirtError extends Error {
  override readonly name = "LibvirtError";
  /** Stable. libvirt's own name such as `VIR_ERR_NO_DOMAIN` when libvirt answered, else a {@link ClientErrorCode}. */
  readonly code: string;
  /** Present when libvirt answered with this error. */
  readonly libvirt: LibvirtErrorNumbers | undefined;
  /** The remote procedure, such as `DOMAIN_CREATE_WITH_FLAGS`. */
  readonly procedure: string | undefined;
  /** True when the request had been handed to the socket: unless libvirt answered, its effect is unknown. */
  readonly sent: boolean;

  constructor(code: string, message: string, init: LibvirtErrorInit = {}) {
    super(message, "cause" in init ? { cause: init.cause } : undefined);
    this.code = code;
    this.libvirt = init.libvirt;
    this.procedure = init.procedure;
    this.sent = init.sent ?? false;
  }
}

/** Makes an error of this side, so that its code is checked by the compiler. */
export function clientError(code: ClientErrorCode, message: string, init?: LibvirtErrorInit): LibvirtError {
  return new LibvirtError(code, message, init);
}

/** Makes the error for an answer of libvirt. A number newer than this table becomes `VIR_ERR_<number>`. */
export function errorFromLibvirt(numbers: LibvirtErrorNumbers, message: string, procedure: string): LibvirtError {
  const code = libvirtErrorNames[numbers.code] ?? `VIR_ERR_${numbers.code}`;
  return new LibvirtError(code, message, { libvirt: numbers, procedure, sent: true });
}
