/** One passing line for whoever is watching; nothing where the output goes to a file. */
export function hint(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
