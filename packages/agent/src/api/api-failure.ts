import { AgentError, type AgentErrorCode, reasonOf } from "../agent-error.ts";

/** What the body of an answer other than 2xx says. */
export interface ApiFailure {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

/** A request that is answered with an HTTP status of its own. Thrown by routes, caught by the server. */
export class RefusedRequest extends Error {
  readonly status: number;
  readonly failure: ApiFailure;

  constructor(status: number, code: AgentErrorCode, message: string, remedy?: string) {
    super(message);
    this.name = "RefusedRequest";
    this.status = status;
    this.failure = { code, message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

/** Status of a failure that the agent itself threw; what is not listed is the agent's own trouble. */
const statusOf: Partial<Record<AgentErrorCode, number>> = {
  NOT_FOUND: 404,
  OPERATION_INVALID: 409,
  FLEET_INVALID: 409,
  NOT_AUTHORISED: 403,
};

/** @returns the status and body for whatever a route threw */
export function failureOf(error: unknown): { readonly status: number; readonly failure: ApiFailure } {
  if (error instanceof RefusedRequest) return { status: error.status, failure: error.failure };
  if (error instanceof AgentError) {
    const { code, remedy } = error;
    const failure = { code, message: reasonOf(error), ...(remedy === undefined ? {} : { remedy }) };
    return { status: statusOf[code] ?? 500, failure };
  }
  return { status: 500, failure: { code: "OPERATION_FAILED", message: `the agent failed: ${reasonOf(error)}` } };
}
