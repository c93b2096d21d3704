import * as simdconv from "simdconv";
import * as inline from "simdconv/inline";
import { prove } from "../prove.js";

console.log(await prove(simdconv));
console.log(await prove(inline));
