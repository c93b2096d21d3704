"""scipy's ways to convolve images, for scipy.ts: a line of JSON in, a line of JSON out, arrays by file. (Not named scipy.py: that
would be imported in its place.)"""
import json
import sys
import time

try:
    import numpy
    import scipy
    from scipy import ndimage, signal
except ImportError as missing:
    # The answer to the first question.
    print(json.dumps({"error": str(missing)}), flush=True)
    sys.exit()

image = filters = result = None


def each(convolve):
    """Every image with every filter, one call each; a single result is not copied."""
    if len(image) == len(filters) == 1:
        return convolve(image[0], filters[0])[None, None]
    return numpy.stack([[convolve(x, w) for w in filters] for x in image])


def transformed(convolve):
    """One call for all of them."""
    if len(image) == len(filters) == 1:
        return convolve(image[0], filters[0], mode="valid")[None, None]
    return convolve(image[:, None], filters[None], mode="valid", axes=(2, 3))


def inner(x, w):
    """ndimage keeps the image's size; the window is inside it in the middle."""
    (rows, columns), (height, width) = x.shape, w.shape
    whole = ndimage.convolve(x, w, mode="constant")
    return whole[height // 2 : height // 2 + rows - height + 1, width // 2 : width // 2 + columns - width + 1]


METHODS = {
    "oaconvolve": lambda: transformed(signal.oaconvolve),
    "fftconvolve": lambda: transformed(signal.fftconvolve),
    "convolve2d": lambda: each(lambda x, w: signal.convolve2d(x, w, mode="valid")),
    "ndimage.convolve": lambda: each(inner),
}


def answer(request):
    global image, filters, result
    match request["do"]:
        case "hello":
            return {"version": scipy.__version__}
        case "load":
            shape, window = request["shapes"]
            image = numpy.fromfile(request["image"], numpy.float32).reshape(shape)
            # As the window walks them; scipy turns them round again.
            walked = numpy.fromfile(request["filter"], numpy.float32).reshape(window)
            filters = numpy.ascontiguousarray(walked[:, ::-1, ::-1])
            return {}
        case "call":
            method = METHODS[request["method"]]
            start = time.perf_counter()
            result = method()
            return {"ms": (time.perf_counter() - start) * 1000}
        case "save":
            result.astype(numpy.float32).tofile(request["file"])
            return {}


for line in sys.stdin:
    try:
        said = answer(json.loads(line))
    except Exception as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(said), flush=True)
