/** Files dragged onto the page: paths where the editor gives them, the files themselves where it does not. */
import { type DroppedFile, MAX_DROPPED, MAX_DROPPED_BYTES } from '../../protocol/pages/settings';
import { t } from '../page';
import { MODULE_DRAG } from './names';
import type { SettingsPage } from './settingsPage';

/** How VS Code and the platform name dragged resources. */
const URI_LISTS = ['application/vnd.code.uri-list', 'text/uri-list'];

export function receiveDrops(target: Document, page: SettingsPage): void {
  const show = (isDropTarget: boolean) => {
    if (page.isDropTarget === isDropTarget) return;
    page.isDropTarget = isDropTarget;
    page.redraw();
  };
  for (const kind of ['dragenter', 'dragover'] as const)
    target.addEventListener(kind, event => {
      if (!isForUs(event.dataTransfer)) return;
      event.preventDefault();
      // What hears of the drag, around the page, takes the mouse away from it to open the file in an editor.
      event.stopPropagation();
      show(true);
    });
  target.addEventListener('dragleave', event => {
    if (event.relatedTarget === null) show(false);
  });
  target.addEventListener('drop', event => {
    if (!isForUs(event.dataTransfer)) return;
    event.preventDefault();
    show(false);
    void take(event.dataTransfer!, page);
  });
}

function isForUs(transfer: DataTransfer | null): boolean {
  if (transfer === null || transfer.types.includes(MODULE_DRAG)) return false;
  return transfer.types.includes('Files') || URI_LISTS.some(type => transfer.types.includes(type));
}

/** What cannot be taken is said: a drop after which nothing happens is a riddle. */
async function take(transfer: DataTransfer, page: SettingsPage): Promise<void> {
  page.complain(undefined);
  try {
    await send(transfer, page);
  } catch (error) {
    page.complain(t('What was dropped cannot be read: {0}', error instanceof Error ? error.message : String(error)));
  }
}

/** Everything is read off the transfer before the first wait: it is empty afterwards. */
async function send(transfer: DataTransfer, page: SettingsPage): Promise<void> {
  const uris = new Set(
    URI_LISTS.flatMap(type => transfer.getData(type).split(/[\r\n]+/)).filter(
      uri => uri !== '' && !uri.startsWith('#'),
    ),
  );
  if (uris.size > MAX_DROPPED) return page.complain(tooMany());
  if (uris.size > 0) return page.post({ kind: 'droppedPaths', uris: [...uris] });
  const entries = [...transfer.items].flatMap(item => item.webkitGetAsEntry() ?? []);
  const files = [...transfer.files];
  const all = entries.length === 1 && entries[0].isDirectory ? await filesIn(entries[0]) : files;
  if (all.length > MAX_DROPPED) return page.complain(tooMany());
  if (all.length === 0) return page.complain(t('There is no file in what was dropped.'));
  const sizeBytes = all.reduce((sum, file) => sum + file.size, 0);
  if (sizeBytes > MAX_DROPPED_BYTES)
    return page.complain(t('That is too large to be dropped here. Import it with the button.'));
  page.post({ kind: 'droppedFiles', files: await Promise.all(all.map(read)) });
}

function tooMany(): string {
  return t(
    'These are more than {0} files, which is no module. Drop a .ram file, or the folder of one module.',
    MAX_DROPPED,
  );
}

async function read(file: File): Promise<DroppedFile> {
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

/** The files of a folder itself: a module has no folders in it. */
async function filesIn(entry: FileSystemEntry): Promise<File[]> {
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  const files = entries.filter((child): child is FileSystemFileEntry => child.isFile);
  return Promise.all(files.map(child => new Promise<File>((resolve, reject) => child.file(resolve, reject))));
}
