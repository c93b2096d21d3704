import * as simdconv from "simdconv";
import { prove } from "../prove.js";

console.log(await prove(simdconv));
