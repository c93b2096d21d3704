import * as simdconv from "simdconv";
import { show } from "../page.js";

// esbuild leaves `new URL(…, import.meta.url)` as it is: the files are copied by build.mjs, and named here.
const at = (name) => new URL(`simdconv/${name}`, document.baseURI);
show(simdconv, { wasm: at("wasm/"), worker: at("worker.js") });
