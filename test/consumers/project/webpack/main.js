import * as simdconv from "simdconv";
import { show } from "../page.js";

show(simdconv, {
  binary: "simd",
  wasm: new URL("simdconv/wasm/simd.wasm", import.meta.url),
  worker: () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
});
