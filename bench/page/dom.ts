/** The few words that every part of the page uses to reach and to make elements. */

export const byId = (id: string) => document.getElementById(id)!;

/** The one element inside `root` that the page's own HTML is known to have. */
export function part<T extends Element = HTMLElement>(root: ParentNode, selector: string): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

export const wantsCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
