import { lstat, open, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** More white space, in bytes, is not looked through. */
const LONGEST = 64 * 1024;

/** Whether a file has nothing but white space. */
export async function isEmpty(file: string): Promise<boolean> {
  const opened = await openEmpty(file, 'r').catch(() => undefined);
  await opened?.close();
  return opened !== undefined;
}

/** Writes a file where nothing is, or into one with nothing but white space; rejects with EEXIST where anything else is, a link included. */
export async function fill(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const empty = exists ? await openEmpty(file, 'r+') : undefined;
    if (empty === undefined) {
      throw error;
    }
    try {
      await empty.truncate(0);
      await empty.writeFile(text);
    } finally {
      await empty.close();
    }
  }
}

/** Opens a file, if it has nothing but white space. It is written through the same handle, so that no other file gets in between. */
async function openEmpty(file: string, flags: 'r' | 'r+'): Promise<FileHandle | undefined> {
  if (!(await lstat(file)).isFile()) {
    return undefined;
  }
  const handle = await open(file, flags);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST + 1), 0, LONGEST + 1, 0);
    // A file system may give less at once than there is.
    const whole = bytesRead === (await handle.stat()).size;
    if (whole && bytesRead <= LONGEST && /^\uFEFF?[ \t\r\n\f]*$/.test(buffer.toString('utf8', 0, bytesRead))) {
      return handle;
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}
