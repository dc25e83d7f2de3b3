/** `<data>/address`: tells the commands of this machine where the running process serves. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { DataFolder } from '../data-folder.ts';

export function writeAddress(data: DataFolder, url: string): void {
  writeFileSync(data.addressFile, `${url}\n`);
}

/** Removes it, unless another process serves from this folder by now. */
export function removeAddress(data: DataFolder, url: string): void {
  try {
    if (readFileSync(data.addressFile, 'utf8').trim() === url) rmSync(data.addressFile);
  } catch {
    // It is gone already.
  }
}
