import * as simdconv from "simdconv/inline";
import { prove } from "../prove.js";

console.log(await prove(simdconv));
