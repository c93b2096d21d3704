import * as simdconv from "simdconv/inline";
import { show } from "./page.js";

show(simdconv);
