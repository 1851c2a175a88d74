/**
 * Which files a module folder may hold when it comes from elsewhere: data that Residual reads and text that people read,
 * never a graph or code. An allow-list of names, with the reason for everything that is not on it. Touches no disk.
 */
import { UserError } from '../../core/errors';
import { withoutHidden } from '../../core/hiddenCharacters';
import { isNgramFile } from '../../core/manifest';
import { type Sentence, say } from '../../core/sentence';

export const MANIFEST_FILE = 'module.json';
export const WEIGHTS_FILE = 'model.safetensors';
/** Beside the manifest of a module that somebody signed. */
export const SIGNATURE_FILE = 'signature.json';

/** How a file is checked: as the manifest, as tensors, as a signature, or as plain text. */
export type FileKind = 'manifest' | 'weights' | 'signature' | 'text';

const TEXT_NAMES = /^(?:readme|licen[cs]e|notice|changelog)(?:\.(?:md|txt))?$|^\w[\w .-]*\.md$/i;
/** Names that Windows gives to devices, whatever their ending. */
const DEVICE_NAMES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
/** What file managers leave behind; it is not a module's, and not worth a refusal. */
const LITTER = /(?:^|\/)(?:\.DS_Store|Thumbs\.db|desktop\.ini)$|^__MACOSX(?:\/|$)/;

/** Of a path in an archive; an id has at most 100 characters. */
const LONGEST_PATH = 220;

const ARCHIVES = /\.(?:zip|ram|vsix|jar|tar|tgz|gz|bz2|xz|zst|7z|rar)$/i;
const GRAPHS = /\.(?:onnx|ort|onnx_data|pb|tflite|pt|pth|pkl|bin|gguf|h5)$/i;

/** Whether a file is nobody's concern: it is neither copied nor refused. */
export function isLitter(name: string): boolean {
  return LITTER.test(name);
}

/**
 * @param name of a file in the module's folder, without any folder.
 * @throws UserError that says why it may not be there.
 */
export function kindOfFile(name: string): FileKind {
  if (name === MANIFEST_FILE) return 'manifest';
  if (name === WEIGHTS_FILE) return 'weights';
  if (name === SIGNATURE_FILE) return 'signature';
  if (TEXT_NAMES.test(name) && !DEVICE_NAMES.test(name)) return 'text';
  throw new UserError('module-file-not-allowed', say`It holds ${shown(name)}, ${reasonAgainst(name)} ${ALLOWED}`);
}

const ALLOWED = say`A module holds ${MANIFEST_FILE}, ${WEIGHTS_FILE}, a licence and Markdown, and nothing else. Ask whoever made it to export it with "Residual: Export Module…".`;

function reasonAgainst(name: string): Sentence {
  if (isNgramFile(name))
    return say`the counts of an instant module, which are the text of the workspace that it was built from.`;
  if (ARCHIVES.test(name)) return say`an archive in an archive.`;
  if (GRAPHS.test(name)) return say`a graph or weights in a form that can hold code.`;
  return say`which no module needs.`;
}

/**
 * Checks a path as an archive gives it: relative, downwards only, in a form that means the same on every system.
 * @throws UserError that names the path.
 */
export function checkPath(name: string): void {
  const fail = (reason: Sentence): never => {
    throw new UserError(
      'archive-unsafe-path',
      say`It holds a file named ${shown(name)}, ${reason}. Such an archive is not unpacked: get the module from somewhere you trust.`,
    );
  };
  if (name.length > LONGEST_PATH) fail(say`which is longer than ${LONGEST_PATH} characters`);
  if (name.includes('\\')) fail(say`with backslashes, which are separators on some systems`);
  if (hasControls(name)) fail(say`with characters that do not belong into a name`);
  if (/^[a-z]:/i.test(name)) fail(say`which starts with a drive`);
  if (name.startsWith('/')) fail(say`which is an absolute path`);
  const parts = name.replace(/\/$/, '').split('/');
  if (parts.includes('..')) fail(say`which leads out of its folder`);
  if (parts.includes('.') || parts.includes('')) fail(say`which is not a plain path`);
}

/** Equal for names that some file system takes to be the same. */
export function foldedName(name: string): string {
  return name.replace(/\/$/, '').normalize('NFC').toLowerCase();
}

/** A name as an error shows it: nothing in it can be mistaken for the sentence around it. */
export function shown(name: string): string {
  const text = withoutHidden(JSON.stringify(name));
  return text.length > 80 ? `${text.slice(0, 80)}…"` : text;
}

function hasControls(name: string): boolean {
  for (const char of name) {
    const code = char.codePointAt(0)!;
    if (code < 32 || (code >= 127 && code < 160)) return true;
  }
  return false;
}
