import { expect, test } from "@jest/globals";
import { wireError } from "@proj/wire-types";
import { transportError } from "#src/io/transport-error.js";

const coded = (code: string): Error => Object.assign(new Error("as Node says it"), { code });
const explain = (thrown: unknown) => transportError(thrown, "host:1", "wire.connection_failed");

// OpenSSL 3.0 (Node 20) and 3.5 (Node 24) name some alerts differently.
test.each([
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "xcp.auth_required"],
  ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "xcp.auth_failed"],
  ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "xcp.auth_failed"],
  ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", "xcp.auth_failed"],
  ["ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED", "xcp.auth_failed"],
  ["CERT_HAS_EXPIRED", "xcp.auth_failed"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "xcp.auth_failed"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "xcp.auth_failed"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "xcp.auth_failed"],
  ["ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "xcp.version_unsupported"],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "xcp.crypt_required"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "wire.connection_failed"],
  ["ECONNREFUSED", "wire.connection_failed"],
  ["ESOMETHING", "wire.connection_failed"],
])("%s is %s", (code, expected) => {
  const error = explain(coded(code));
  expect(error.code).toBe(expected);
  expect(error.details).toEqual({ code, endpoint: "host:1" });
});

test("the first of several errors tells enough, all are kept", () => {
  const all = new AggregateError([coded("ECONNREFUSED"), coded("ENETUNREACH")]);
  const error = explain(all);
  expect(error.message).toBe("nothing listens at host:1 (ECONNREFUSED)");
  expect(error.cause).toBe(all);
});

test("anything may be thrown", () => {
  for (const thrown of ["text", undefined, null, 5, {}, new AggregateError([])]) {
    expect(explain(thrown).code).toBe("wire.connection_failed");
  }
  const ours = wireError("wire.timeout", "x");
  expect(explain(ours)).toBe(ours);
});
