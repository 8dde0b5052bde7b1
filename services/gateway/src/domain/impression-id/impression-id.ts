import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';

const UUID_BYTES = 16;
const HASH_BYTES = 2;
const TAG_BYTES = 8;
const FIXED_BYTES = UUID_BYTES + 1 + TAG_BYTES;

/** Longest list that an impression id can stand for: the contract gives it 160 characters of base64url. */
export const MAX_LIST_LENGTH = Math.floor((120 - FIXED_BYTES) / HASH_BYTES);

/** What an impression id says about the list that was shown. */
export interface ShownList {
  /** Number of queries that were shown. */
  readonly length: number;
  /** Whether `text` was shown at the 1-based `position`. A text that was not passes with a chance of 1 in 65,536. */
  shows(position: number, text: string): boolean;
  /** The 1-based position at which `text` was shown; undefined if it was not. */
  positionOf(text: string): number | undefined;
}

function uuidV7(milliseconds: number, random: Uint8Array): Buffer {
  const uuid = Buffer.alloc(UUID_BYTES);
  uuid.writeUIntBE(milliseconds, 0, 6);
  uuid.set(random.subarray(0, 10), 6);
  uuid.writeUInt8((uuid.readUInt8(6) & 0x0f) | 0x70, 6);
  uuid.writeUInt8((uuid.readUInt8(8) & 0x3f) | 0x80, 8);
  return uuid;
}

/**
 * Issues impression ids and reads them back. An id proves by itself that this deployment issued it and for which list, so that feedback
 * needs no lookup and any replica can take it. Bytes, in base64url: UUIDv7, number of queries, two bytes of keyed hash for each text
 * that was shown, eight bytes of HMAC-SHA256 over all of these.
 */
export class ImpressionIds {
  private readonly tagKey: KeyObject;
  private readonly textKey: KeyObject;

  /** @param options.random returns that many random bytes */
  constructor(
    secret: Uint8Array,
    private readonly options: { readonly random: (bytes: number) => Uint8Array; readonly now: () => number },
  ) {
    if (secret.length < 32) throw new RangeError('the secret of impression ids must have at least 32 bytes');
    // Made once: a key out of bytes costs six times what hashing a text does.
    this.tagKey = createSecretKey(new Uint8Array(hkdfSync('sha256', secret, '', 'gqr impression id v1: tag', 32)));
    this.textKey = createSecretKey(new Uint8Array(hkdfSync('sha256', secret, '', 'gqr impression id v1: text', 32)));
  }

  /** A new id for a list of 1 to MAX_LIST_LENGTH texts. */
  issue(texts: readonly string[]): string {
    if (texts.length < 1 || texts.length > MAX_LIST_LENGTH) {
      throw new RangeError(`an impression has 1 to ${String(MAX_LIST_LENGTH)} queries, not ${String(texts.length)}`);
    }
    const uuid = uuidV7(this.options.now(), this.options.random(10));
    const body = Buffer.concat([uuid, Buffer.of(texts.length), ...texts.map((text) => this.hash(uuid, text))]);
    return Buffer.concat([body, this.tag(body)]).toString('base64url');
  }

  /** Reads an id; undefined if it was not issued under this secret, or was changed since. */
  open(id: string): ShownList | undefined {
    const bytes = Buffer.from(id, 'base64url');
    // Decoding is lenient: without this, one impression would have many ids, and each of its clicks would count as often.
    if (bytes.toString('base64url') !== id || bytes.length < FIXED_BYTES) return undefined;
    const length = bytes.readUInt8(UUID_BYTES);
    if (length === 0 || bytes.length !== FIXED_BYTES + length * HASH_BYTES) return undefined;
    const body = bytes.subarray(0, -TAG_BYTES);
    if (!timingSafeEqual(this.tag(body), bytes.subarray(-TAG_BYTES))) return undefined;
    const uuid = bytes.subarray(0, UUID_BYTES);
    const hashAt = (position: number): Buffer => {
      const start = UUID_BYTES + 1 + (position - 1) * HASH_BYTES;
      return bytes.subarray(start, start + HASH_BYTES);
    };
    const shows = (position: number, text: string): boolean =>
      position >= 1 && position <= length && hashAt(position).equals(this.hash(uuid, text));
    return {
      length,
      shows,
      positionOf: (text) => Array.from({ length }, (_, index) => index + 1).find((position) => shows(position, text)),
    };
  }

  private hash(uuid: Uint8Array, text: string): Buffer {
    return createHmac('sha256', this.textKey).update(uuid).update(text).digest().subarray(0, HASH_BYTES);
  }

  private tag(body: Uint8Array): Buffer {
    return createHmac('sha256', this.tagKey).update(body).digest().subarray(0, TAG_BYTES);
  }
}
