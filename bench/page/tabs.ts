/** The parts of the page, one shown at a time; the address remembers which. */
import { byId, element } from "./dom.ts";

type Parts = Readonly<Record<string, (root: HTMLElement) => void>>;

/** The slash makes it nobody's id, so that the browser does not scroll to the section. */
const PREFIX = "#/";

/** A part is mounted when it is first shown, with its section as root; the first is shown unless the address names another. */
export function openTabs(parts: Parts): void {
  const mounted = new Set<string>();
  const links = Object.keys(parts).map((id) => {
    const link = Object.assign(element("a", "", byId(id).dataset.tab), { href: `${PREFIX}${id}` });
    byId("tabs").append(link);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      history.pushState(null, "", link.href);
      show();
    });
    return link;
  });
  const show = () => {
    const asked = location.hash.slice(PREFIX.length);
    const shown = asked in parts ? asked : Object.keys(parts)[0];
    for (const [i, id] of Object.keys(parts).entries()) {
      byId(id).hidden = id !== shown;
      if (id === shown) links[i].setAttribute("aria-current", "page");
      else links[i].removeAttribute("aria-current");
    }
    if (mounted.has(shown)) return;
    mounted.add(shown);
    parts[shown](byId(shown));
  };
  addEventListener("popstate", show);
  show();
}
