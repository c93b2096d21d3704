import "../../main-inline.js";
