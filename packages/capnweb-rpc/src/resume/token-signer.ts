import { encodeUtf8, formatBase64, parseBase64, type RandomSource } from "@proj/wire-types";

/** What a token begins with: the version of its form. */
const PREFIX = "cwr1";
/** Bytes of a token's id: 256 bits, of which 128 would do. spec/capnweb.md §18.2 */
const ID_BYTES = 32;
/** Bytes below which a secret is too short for HMAC-SHA-256. RFC 2104 §3 */
const MIN_SECRET_BYTES = 32;
const FORM = /^cwr1\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;
const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

/**
 * Makes tokens and recognises them: `cwr1.<id>.<code>`, both parts URL-safe base64. The code is an
 * HMAC over the id and whom the token is for, so that neither can be exchanged.
 */
export class TokenSigner {
  readonly #keys: Promise<readonly CryptoKey[]>;
  readonly #random: RandomSource;

  /**
   * The first of `secrets` signs, every one is recognised: a new one goes in front.
   *
   * @throws RangeError for no secret, or one below 32 bytes.
   */
  constructor(secrets: readonly Uint8Array[], random: RandomSource) {
    if (secrets.length === 0) throw new RangeError("no secret to sign resume tokens with");
    for (const { length } of secrets) {
      if (length < MIN_SECRET_BYTES) {
        throw new RangeError(
          `a secret of ${length} bytes, at least ${MIN_SECRET_BYTES} are needed`,
        );
      }
    }
    this.#keys = Promise.all(
      secrets.map((secret) =>
        crypto.subtle.importKey("raw", new Uint8Array(secret), HMAC, false, ["sign", "verify"]),
      ),
    );
    this.#random = random;
  }

  /** Draws a name of 43 characters. */
  newId(): string {
    return urlSafe(this.#random.fill(new Uint8Array(ID_BYTES)));
  }

  /** Makes a token for `principal`, and the handle it is kept under. */
  async make(principal: string): Promise<{ readonly token: string; readonly handle: string }> {
    const id = this.newId();
    const [key] = await this.#keys;
    const code = await crypto.subtle.sign(HMAC, key as CryptoKey, signed(id, principal));
    return {
      token: `${PREFIX}.${id}.${urlSafe(new Uint8Array(code))}`,
      handle: await handleOfId(id),
    };
  }

  /**
   * Answers the handle of a token that was made here for `principal`; `undefined` for any other
   * text. The comparison takes the same time wherever the code differs.
   */
  async recognise(token: unknown, principal: string): Promise<string | undefined> {
    const [, id, code] = (typeof token === "string" ? FORM.exec(token) : undefined) ?? [];
    if (id === undefined || code === undefined) return undefined;
    const bytes = fromUrlSafe(code);
    if (bytes === undefined) return undefined;
    for (const key of await this.#keys) {
      if (await crypto.subtle.verify(HMAC, key, bytes, signed(id, principal)))
        return handleOfId(id);
    }
    return undefined;
  }
}

/** The id has a fixed length, so the two cannot run into each other. */
function signed(id: string, principal: string): Uint8Array<ArrayBuffer> {
  return encodeUtf8(`${PREFIX}.${id}.${principal}`);
}

async function handleOfId(id: string): Promise<string> {
  return urlSafe(new Uint8Array(await crypto.subtle.digest("SHA-256", encodeUtf8(id))));
}

function urlSafe(bytes: Uint8Array): string {
  return formatBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromUrlSafe(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return parseBase64(`${text.replaceAll("-", "+").replaceAll("_", "/")}=`);
  } catch {
    return undefined;
  }
}
