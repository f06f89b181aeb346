import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { CertificateHash } from "../web-transport/web-transport-like.js";
import type { ServerCertificate } from "./quic-settings.js";

/** A certificate that nobody vouches for, and the hash that clients accept it by. */
export interface DevelopmentCertificate extends ServerCertificate {
  /** For `serverCertificateHashes`, of browsers and of this package. */
  readonly hash: CertificateHash;
}

/** Browsers accept a certificate by its hash for 14 days at most. */
const VALID_MS = 13 * 24 * 60 * 60 * 1000;
/** Clocks of two hosts differ. */
const EARLIER_MS = 60 * 60 * 1000;

const Tag = {
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OBJECT_ID: 0x06,
  UTF8_STRING: 0x0c,
  UTC_TIME: 0x17,
  SEQUENCE: 0x30,
  SET: 0x31,
  VERSION: 0xa0,
  EXTENSIONS: 0xa3,
  DNS_NAME: 0x82,
  IP_ADDRESS: 0x87,
} as const;

const ECDSA_WITH_SHA256 = "06082a8648ce3d040302";
const COMMON_NAME = "0603550403";
const SUBJECT_ALT_NAME = "0603551d11";

/**
 * Makes a self-signed certificate for `localhost` and the loopback addresses, P-256, valid for 13 days: for development
 * without an authority. RFC 5280
 */
export function developmentCertificate(): DevelopmentCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = node(Tag.SEQUENCE, hex(ECDSA_WITH_SHA256));
  const name = node(
    Tag.SEQUENCE,
    node(Tag.SET, node(Tag.SEQUENCE, hex(COMMON_NAME), text(Tag.UTF8_STRING, "localhost"))),
  );
  const now = Date.now();
  const names = node(
    Tag.SEQUENCE,
    text(Tag.DNS_NAME, "localhost"),
    node(Tag.IP_ADDRESS, Buffer.from([127, 0, 0, 1])),
    node(Tag.IP_ADDRESS, Buffer.from([...Array.from({ length: 15 }, () => 0), 1])),
  );
  const body = node(
    Tag.SEQUENCE,
    node(Tag.VERSION, node(Tag.INTEGER, Buffer.from([2]))),
    // A serial number is positive: its first bit is not set.
    node(Tag.INTEGER, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    name,
    node(Tag.SEQUENCE, time(now - EARLIER_MS), time(now - EARLIER_MS + VALID_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    node(
      Tag.EXTENSIONS,
      node(Tag.SEQUENCE, node(Tag.SEQUENCE, hex(SUBJECT_ALT_NAME), node(Tag.OCTET_STRING, names))),
    ),
  );
  const signature = sign("sha256", body, privateKey);
  const wholeBytes = Buffer.from([0]);
  const der = node(Tag.SEQUENCE, body, algorithm, node(Tag.BIT_STRING, wholeBytes, signature));
  return {
    cert: pem(der),
    key: Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })),
    hash: {
      algorithm: "sha-256",
      value: new Uint8Array(createHash("sha256").update(der).digest()),
    },
  };
}

function node(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function text(tag: number, value: string): Buffer {
  return node(tag, Buffer.from(value));
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]/g, "");
  return text(Tag.UTC_TIME, `${digits.slice(2, 14)}Z`);
}

function hex(value: string): Buffer {
  return Buffer.from(value, "hex");
}

function pem(der: Buffer): Buffer {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return Buffer.from(
    ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
  );
}
