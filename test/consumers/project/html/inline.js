import { show } from "../page.js";

// One file from another origin, as from a CDN; its address is this page's search string.
show(await import(decodeURIComponent(location.search.slice(1))));
