/**
 * Who made a module, if somebody signed it: `signature.json` beside module.json, Ed25519 over the manifest's bytes and every
 * other file's hash. A signature says that the holder of a key made exactly these files; whether to trust that key is a
 * person's to decide. Without the file a module is unsigned; with one that does not match it is nobody's.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../core/errors';
import { hasHidden } from '../../core/hiddenCharacters';
import { say } from '../../core/sentence';
import { SIGNATURE_FILE } from './moduleFileNames';
import { filesOfModule, sha256OfFile } from './moduleFolder';

export interface SignatureFile {
  readonly formatVersion: 1;
  readonly algorithm: 'ed25519';
  /** The key's 32 bytes in base64. */
  readonly publicKey: string;
  /** What the signer calls themself; anybody may claim any name, only the key tells them apart. */
  readonly signer: string;
  /** 64 bytes in base64. */
  readonly signature: string;
}

/** A module's signer, once the signature was found to match. */
export interface Signer {
  readonly name: string;
  readonly publicKey: string;
}

/** A signer's own key. Never leaves the editor's secret storage but to sign. */
export interface SigningKey {
  readonly signer: string;
  /** PKCS #8 in base64. */
  readonly privateKey: string;
}

export const LONGEST_SIGNER = 60;
/** Of a key or a signature of another length, nothing could match. */
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** Before the 32 bytes of an Ed25519 key in SubjectPublicKeyInfo (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
/** So that what is signed here can never be taken for anything else. */
const CONTEXT = 'residual module signature v1';

/** @throws UserError for a name that nobody could read */
export function makeSigningKey(signer: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    signer: checkedSigner(signer),
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  };
}

/** @returns the key's 32 bytes in base64. @throws Error when it is no Ed25519 key */
export function publicKeyOf({ privateKey }: SigningKey): string {
  const der = createPublicKey(privateKeyOf(privateKey)).export({ format: 'der', type: 'spki' });
  return der.subarray(SPKI_PREFIX.length).toString('base64');
}

/** Enough of a key's hash to compare by eye: `AB12 CD34 EF56 7890`. */
export function fingerprintOf(publicKey: string): string {
  const hex = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').toUpperCase();
  return hex.slice(0, 16).replace(/(.{4})(?=.)/g, '$1 ');
}

/** Signs the files of a module's folder as they are. @throws what the disk throws; AbortError */
export async function signModule(dir: string, key: SigningKey, signal: AbortSignal): Promise<SignatureFile> {
  const signer = checkedSigner(key.signer);
  const publicKey = publicKeyOf(key);
  const digest = await digestOf(dir, { name: signer, publicKey }, signal);
  const signature = sign(null, digest, privateKeyOf(key.privateKey)).toString('base64');
  return { formatVersion: 1, algorithm: 'ed25519', publicKey, signer, signature };
}

/**
 * @returns who signed the files as they are; undefined when nobody did
 * @throws UserError when there is a signature that cannot be read or does not match; what the disk throws; AbortError
 */
export async function signerOf(dir: string, signal: AbortSignal): Promise<Signer | undefined> {
  const file = path.join(dir, SIGNATURE_FILE);
  const found = await lstat(file).catch(error => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const { signer: name, publicKey, signature } = parseSignature(await readFile(file, 'utf8'));
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, Buffer.from(publicKey, 'base64')]),
    format: 'der',
    type: 'spki',
  });
  const digest = await digestOf(dir, { name, publicKey }, signal);
  if (verify(null, digest, key, Buffer.from(signature, 'base64'))) return { name, publicKey };
  throw new UserError(
    'signature-mismatch',
    say`Its signature does not match: the files are not those that "${name}" (key ${fingerprintOf(publicKey)}) signed. Get the module again from whoever signed it.`,
  );
}

/**
 * What is signed: who says so, and each file by name and hash, in the order of their names. The manifest is in it byte by
 * byte, so that no two readings of one JSON can be told apart by it.
 */
async function digestOf(dir: string, { name, publicKey }: Signer, signal: AbortSignal): Promise<Buffer> {
  const names = (await filesOfModule(dir)).filter(file => file !== SIGNATURE_FILE).sort();
  const lines = [CONTEXT, JSON.stringify(name), publicKey];
  for (const file of names) lines.push(`${await sha256OfFile(path.join(dir, file), signal)} ${JSON.stringify(file)}`);
  return createHash('sha256').update(lines.join('\n')).digest();
}

/** @throws UserError naming what is wrong with it */
function parseSignature(source: string): SignatureFile {
  const fail = (reason: ReturnType<typeof say>): never => {
    throw new UserError(
      'signature-invalid',
      say`Its ${SIGNATURE_FILE} cannot be read: ${reason}. Get the module again.`,
    );
  };
  let json: unknown;
  try {
    json = JSON.parse(source);
  } catch {
    return fail(say`it is not JSON`);
  }
  const { formatVersion, algorithm, publicKey, signer, signature } = (
    typeof json === 'object' && json !== null ? json : {}
  ) as Readonly<Record<string, unknown>>;
  if (formatVersion !== 1) return fail(say`this version of Residual reads format version ${1}`);
  if (algorithm !== 'ed25519') return fail(say`only "ed25519" signatures are known`);
  if (!isBase64(publicKey, KEY_BYTES)) return fail(say`its key is not ${KEY_BYTES} bytes`);
  if (fitsEverySignature(Buffer.from(publicKey, 'base64'))) return fail(say`its key is one that anybody can sign with`);
  if (!isBase64(signature, SIGNATURE_BYTES)) return fail(say`its signature is not ${SIGNATURE_BYTES} bytes`);
  if (!isSigner(signer)) return fail(say`its signer is no name of 1 to ${LONGEST_SIGNER} characters`);
  return { formatVersion, algorithm, publicKey, signer, signature };
}

/** One spelling for each value: another would be another text with the same meaning. */
function isBase64(value: unknown, nBytes: number): value is string {
  if (typeof value !== 'string') return false;
  const bytes = Buffer.from(value, 'base64');
  return bytes.byteLength === nBytes && bytes.toString('base64') === value;
}

/**
 * The points of small order, with which a signature can be made without a secret. OpenSSL takes them for keys; RFC 8032
 * leaves it open. The last bit is the sign, which does not count here.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

function fitsEverySignature(key: Buffer): boolean {
  const unsigned = Buffer.from(key);
  unsigned[KEY_BYTES - 1] &= 0x7f;
  return SMALL_ORDER.has(unsigned.toString('hex'));
}

export function isSigner(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.trim() === value &&
    value !== '' &&
    value.length <= LONGEST_SIGNER &&
    !hasHidden(value)
  );
}

function checkedSigner(signer: string): string {
  const name = signer.trim();
  if (isSigner(name)) return name;
  throw new UserError('signer-invalid', say`A signer's name has 1 to ${LONGEST_SIGNER} characters on one line.`);
}

function privateKeyOf(base64: string): KeyObject {
  return createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' });
}
