import { createPrivateKey, X509Certificate } from "node:crypto";
import type { ProblemCollector } from "./problem-collector.js";
import type { TlsConfig } from "./schema.js";
import { readNamedFile, readSecretFile } from "./secret-file.js";

/** The PEM texts of one endpoint. */
export interface EndpointSecrets {
  /** Certificate chain. */
  readonly cert: Uint8Array;
  /** Private key. */
  readonly key: Uint8Array;
  /** Authorities of clients, for mTLS. */
  readonly clientCa: Uint8Array | undefined;
}

/** Reads the certificate and key of an endpoint and checks that they belong together; `undefined` where one is missing. */
export function readTlsFiles(
  problems: ProblemCollector,
  field: string,
  tls: TlsConfig,
): EndpointSecrets | undefined {
  const cert = problems.read(readNamedFile, `${field}.cert`, tls.cert);
  const key = problems.read(readSecretFile, `${field}.key`, tls.key);
  const clientCa =
    tls.client_ca === undefined
      ? undefined
      : problems.read(readNamedFile, `${field}.client_ca`, tls.client_ca);
  const certificate = cert && checkCertificate(problems, `${field}.cert`, cert);
  if (clientCa !== undefined) checkCertificate(problems, `${field}.client_ca`, clientCa);
  if (key !== undefined) checkPrivateKey(problems, `${field}.key`, key, certificate);
  return cert && key ? { cert, key, clientCa } : undefined;
}

function checkCertificate(
  problems: ProblemCollector,
  field: string,
  pem: Uint8Array,
): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pem);
    if (new Date(certificate.validTo).getTime() < Date.now()) {
      problems.add(field, `the certificate expired on ${certificate.validTo}`, "renew it");
    }
    return certificate;
  } catch {
    problems.add(field, "it holds no PEM certificate");
    return undefined;
  }
}

function checkPrivateKey(
  problems: ProblemCollector,
  field: string,
  pem: Uint8Array,
  certificate: X509Certificate | undefined,
): void {
  try {
    const key = createPrivateKey(Buffer.from(pem));
    if (certificate === undefined || certificate.checkPrivateKey(key)) return;
    problems.add(
      field,
      "it is not the key of the certificate",
      "name the key that belongs to cert",
    );
  } catch {
    problems.add(field, "it holds no PEM private key without a passphrase");
  }
}
