// A worker of the page's own, of which ours is a part.
import "simdconv/worker";
