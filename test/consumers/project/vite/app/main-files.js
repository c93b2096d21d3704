import * as simdconv from "simdconv";
import wasm from "simdconv/wasm/simd.wasm?url";
import worker from "simdconv/worker?worker&url";
import { show } from "../../page.js";

show(simdconv, { binary: "simd", wasm, worker });
