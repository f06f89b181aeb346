import { isWireError, type WireError, wireError } from "@proj/wire-types";
import { type XcpCode, XcpError } from "../errors.js";

/** What Node's codes mean, continued by the name of the endpoint. */
const meanings: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is in use already:",
  EADDRNOTAVAIL: "this host has no such address:",
  EACCES: "no permission to use",
  EPERM: "no permission to use",
  ECONNREFUSED: "nothing listens at",
  ECONNRESET: "the connection was reset by",
  ECONNABORTED: "the connection was aborted by",
  EPIPE: "nobody reads any more at",
  ENOENT: "there is no socket at",
  ENOTFOUND: "the host name cannot be resolved:",
  EAI_AGAIN: "the host name cannot be resolved at present:",
  EHOSTUNREACH: "no way leads to",
  ENETUNREACH: "no network leads to",
  ETIMEDOUT: "no answer from",
};

interface Refusal {
  readonly pattern: RegExp;
  readonly code: XcpCode;
  readonly meaning: string;
}

/** Failed handshakes that another attempt would only repeat. OpenSSL's names differ a little between Node versions. */
const refusals: readonly Refusal[] = [
  {
    pattern: /DID_NOT_RETURN_A_CERTIFICATE$/,
    code: "xcp.auth_required",
    meaning: "no client certificate came from",
  },
  {
    pattern: /ALERT_CERTIFICATE_REQUIRED$/,
    code: "xcp.auth_required",
    meaning: "a client certificate is required by",
  },
  {
    pattern: /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+)$/,
    code: "xcp.auth_failed",
    meaning: "our certificate was refused by",
  },
  {
    pattern: /ALTNAME_INVALID$|^HOSTNAME_MISMATCH$/,
    code: "xcp.auth_failed",
    meaning: "the certificate is for another host than",
  },
  {
    pattern:
      /^(UNABLE_TO_\w+|\w*SELF_SIGNED\w*|CERT_\w+|CRL_\w+|INVALID_CA|INVALID_PURPOSE|ERROR_IN_CERT_\w+|PATH_LENGTH_EXCEEDED)$/,
    code: "xcp.auth_failed",
    meaning: "the certificate cannot be trusted of",
  },
  {
    pattern: /NO_APPLICATION_PROTOCOL$/,
    code: "xcp.version_unsupported",
    meaning: "the application protocol was not agreed with",
  },
  {
    pattern: /ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$/,
    code: "xcp.crypt_required",
    meaning: "TLS 1.3 is not spoken by",
  },
];

/**
 * Turns what Node threw into an error with a code of this suite; Node's own code goes to `details.code`.
 *
 * @param where The endpoint, for people.
 * @param otherwise The code of failures that have none of their own: before or after the connection stood.
 */
export function transportError(
  thrown: unknown,
  where: string,
  otherwise: "wire.connection_failed" | "wire.closed",
): WireError {
  if (isWireError(thrown)) return thrown;
  const first = firstOf(thrown);
  const code = codeOf(first);
  const options = { details: { code, endpoint: where }, cause: thrown };
  const refusal = refusals.find(({ pattern }) => pattern.test(code ?? ""));
  if (refusal !== undefined) {
    return new XcpError(refusal.code, `${refusal.meaning} ${where} (${code})`, options);
  }
  const meaning = meanings[code ?? ""];
  const text =
    meaning === undefined ? `${where}: ${messageOf(first)}` : `${meaning} ${where} (${code})`;
  return wireError(otherwise, text, options);
}

// A host name with several addresses fails with one error for each: the first tells enough.
function firstOf(thrown: unknown): unknown {
  if (typeof thrown !== "object" || thrown === null || !("errors" in thrown)) return thrown;
  return Array.isArray(thrown.errors) && thrown.errors.length > 0 ? thrown.errors[0] : thrown;
}

// By shape, not by class: errors of another realm (a worker's vm, a test's) are no instances of ours.
function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === "object" && thrown !== null && "message" in thrown) {
    return String(thrown.message);
  }
  return String(thrown);
}
