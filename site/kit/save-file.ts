/** Saving a file that the page has made. */

/** Hands `content` to the browser's downloads under `name`. */
export function saveFile(name: string, content: BlobPart, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // Not at once: the download reads it a moment later.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
