import * as simdconv from "simdconv";
import { show } from "./page.js";

show(simdconv);
