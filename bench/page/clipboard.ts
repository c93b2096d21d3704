/** Copying text, and saying that it was done. */

/** Where the browser refuses, the text is shown, selected, to be copied by hand. */
export async function copyText(text: string, said: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied.";
  } catch (error) {
    const area = Object.assign(document.createElement("textarea"), { value: text, readOnly: true, rows: 8 });
    area.setAttribute("aria-label", "Results as Markdown");
    said.replaceChildren(`The browser refused (${(error as Error).message}). Copy it from here: `, area);
    area.select();
  }
}
